
-- Change definitions in one transaction.
BEGIN;
ALTER TABLE public.t DROP CONSTRAINT first;
ALTER TABLE public.t_1 RENAME CONSTRAINT t_1_a_id_key1 TO t_1_a_id_key;
DROP INDEX public.one;
ALTER INDEX public.t_1_a_idx1 RENAME TO t_1_a_idx;
COMMIT;
