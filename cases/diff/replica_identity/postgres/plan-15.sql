
-- Build or remove indexes without blocking writes.
CREATE UNIQUE INDEX CONCURRENTLY by_a ON public.t USING btree (a);
CREATE UNIQUE INDEX CONCURRENTLY by_id_dbwright_new ON public.t USING btree (id, a);

-- Change definitions in one transaction.
BEGIN;
DROP INDEX public.by_id;
ALTER TABLE public.t REPLICA IDENTITY USING INDEX by_a;
ALTER INDEX public.by_id_dbwright_new RENAME TO by_id;
ALTER TABLE public.t CLUSTER ON by_id;
COMMIT;
