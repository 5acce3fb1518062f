
-- Change definitions in one transaction.
BEGIN;
ALTER TABLE public.t ALTER COLUMN kept DROP EXPRESSION;
COMMIT;

-- Rewrite a table, with what hangs on it, in a transaction of its own.
BEGIN;
ALTER TABLE public.t ALTER COLUMN twice SET EXPRESSION AS ((a + a));
COMMIT;
