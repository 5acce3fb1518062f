-- loses table t_2: The table and its rows are dropped.

-- Change definitions in one transaction.
BEGIN;
ALTER TABLE public.t DETACH PARTITION public.t_2;
DROP TABLE public.t_2;
COMMIT;
