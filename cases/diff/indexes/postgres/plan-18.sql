
-- Build or remove indexes without blocking writes.
CREATE INDEX CONCURRENTLY added ON public.t USING btree (lower(b));
CREATE INDEX CONCURRENTLY replaced_dbwright_new ON public.t USING btree (a DESC) INCLUDE (b) WHERE (a > 0);
DROP INDEX CONCURRENTLY public.dropped;

-- Change definitions in one transaction.
BEGIN;
DROP INDEX public.replaced;
ALTER INDEX public.filled SET (fillfactor = '90');
ALTER INDEX public.replaced_dbwright_new RENAME TO replaced;
COMMIT;
