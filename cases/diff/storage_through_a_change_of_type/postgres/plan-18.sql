
-- Rewrite a table, with what hangs on it, in a transaction of its own.
BEGIN;
ALTER TABLE public.t ALTER COLUMN a TYPE character varying(80);
COMMIT;

-- Change definitions in one transaction.
BEGIN;
ALTER TABLE public.t ALTER COLUMN a SET STORAGE EXTERNAL;
COMMIT;
