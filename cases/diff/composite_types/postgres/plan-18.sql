
-- Change definitions in one transaction.
BEGIN;
ALTER TYPE public.unused DROP ATTRIBUTE b;
ALTER TYPE public.unused ALTER ATTRIBUTE a TYPE bigint;
ALTER TYPE public.unused ADD ATTRIBUTE d text;
ALTER TYPE public.used ADD ATTRIBUTE c date;
COMMIT;
