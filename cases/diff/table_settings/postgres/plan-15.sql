
-- Rewrite a table, with what hangs on it, in a transaction of its own.
BEGIN;
ALTER TABLE public.u SET LOGGED;
COMMIT;

-- Rewrite a table, with what hangs on it, in a transaction of its own.
BEGIN;
ALTER TABLE public.t ALTER COLUMN a TYPE text COLLATE "C";
COMMIT;

-- Change definitions in one transaction.
BEGIN;
ALTER TABLE public.t RESET (autovacuum_enabled);
ALTER TABLE public.t SET (fillfactor = '90');
ALTER TABLE public.t SET (toast.autovacuum_enabled = 'false');
ALTER TABLE public.t ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.t FORCE ROW LEVEL SECURITY;
ALTER TABLE public.t REPLICA IDENTITY FULL;
ALTER TABLE public.t ALTER COLUMN a SET STORAGE EXTERNAL;
ALTER TABLE public.t ALTER COLUMN a SET STATISTICS 500;
ALTER TABLE public.t ALTER COLUMN a SET (n_distinct = '5');
COMMIT;
