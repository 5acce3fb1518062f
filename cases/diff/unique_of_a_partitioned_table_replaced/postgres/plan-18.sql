
-- Build or remove indexes without blocking writes.
CREATE UNIQUE INDEX CONCURRENTLY events_1_tenant_at_id_key ON public.events_1 USING btree (tenant, at, id);
CREATE UNIQUE INDEX CONCURRENTLY events_2_a_tenant_at_id_key ON public.events_2_a USING btree (tenant, at, id);
CREATE UNIQUE INDEX CONCURRENTLY events_2_b_tenant_at_id_key ON public.events_2_b USING btree (tenant, at, id);

-- Change definitions in one transaction.
BEGIN;
ALTER TABLE public.events DROP CONSTRAINT events_once;
ALTER TABLE ONLY public.events ADD CONSTRAINT events_once UNIQUE (tenant, at, id);
ALTER TABLE public.events_1 ADD CONSTRAINT events_1_tenant_at_id_key UNIQUE USING INDEX events_1_tenant_at_id_key;
ALTER INDEX public.events_once ATTACH PARTITION public.events_1_tenant_at_id_key;
ALTER TABLE ONLY public.events_2 ADD CONSTRAINT events_2_tenant_at_id_key UNIQUE (tenant, at, id);
ALTER INDEX public.events_once ATTACH PARTITION public.events_2_tenant_at_id_key;
ALTER TABLE public.events_2_a ADD CONSTRAINT events_2_a_tenant_at_id_key UNIQUE USING INDEX events_2_a_tenant_at_id_key;
ALTER INDEX public.events_2_tenant_at_id_key ATTACH PARTITION public.events_2_a_tenant_at_id_key;
ALTER TABLE public.events_2_b ADD CONSTRAINT events_2_b_tenant_at_id_key UNIQUE USING INDEX events_2_b_tenant_at_id_key;
ALTER INDEX public.events_2_tenant_at_id_key ATTACH PARTITION public.events_2_b_tenant_at_id_key;
COMMIT;
