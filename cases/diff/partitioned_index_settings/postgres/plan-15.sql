
-- Change definitions in one transaction.
BEGIN;
CREATE INDEX t_a_dbwright_new ON ONLY public.t USING btree (a) WITH (fillfactor='60');
COMMIT;

-- Build or remove indexes without blocking writes.
CREATE INDEX CONCURRENTLY t_1_a_idx_dbwright_new ON public.t_1 USING btree (a) WITH (fillfactor='60');

-- Change definitions in one transaction.
BEGIN;
ALTER INDEX public.t_a_dbwright_new ATTACH PARTITION public.t_1_a_idx_dbwright_new;
DROP INDEX public.t_a;
ALTER INDEX public.t_a_dbwright_new RENAME TO t_a;
ALTER INDEX public.t_1_a_idx_dbwright_new RENAME TO t_1_a_idx;
COMMIT;
