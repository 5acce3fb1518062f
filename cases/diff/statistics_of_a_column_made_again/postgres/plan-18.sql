-- loses column t.a: The column and its values are dropped.

-- Change definitions in one transaction.
BEGIN;
DROP STATISTICS public.s;
ALTER TABLE public.t DROP COLUMN a;
COMMIT;
