
-- Change definitions in one transaction.
BEGIN;
ALTER TABLE public.t ALTER COLUMN twice SET EXPRESSION AS ((a + a));
ALTER TABLE public.t ALTER COLUMN kept DROP EXPRESSION;
COMMIT;
