
-- Change definitions in one transaction.
BEGIN;
ALTER TABLE ONLY public.base ALTER COLUMN b SET DEFAULT 'y'::text;
ALTER TABLE public.derived ALTER COLUMN b SET DEFAULT 'y'::text;
ALTER TABLE public.base ADD COLUMN d integer DEFAULT 3;
ALTER TABLE public.other DROP CONSTRAINT other_a_check;
COMMIT;

-- Rewrite a table, with what hangs on it, in a transaction of its own.
BEGIN;
ALTER TABLE public.base DROP CONSTRAINT base_a_check;
ALTER TABLE public.base ALTER COLUMN a TYPE bigint;
ALTER TABLE public.base ADD CONSTRAINT base_a_check CHECK ((a > 0)) NOT VALID;
COMMIT;

-- Check the rows that are there without blocking writes.
ALTER TABLE public.base VALIDATE CONSTRAINT base_a_check;
