
-- Build or remove indexes without blocking writes.
CREATE UNIQUE INDEX CONCURRENTLY events_1_pkey_dbwright_new ON public.events_1 USING btree (tenant, id, at);
CREATE UNIQUE INDEX CONCURRENTLY events_2_pkey_dbwright_new ON public.events_2 USING btree (tenant, id, at);

-- Change definitions in one transaction.
BEGIN;
ALTER TABLE public.events DROP CONSTRAINT events_pkey;
ALTER TABLE ONLY public.events ADD CONSTRAINT events_pkey PRIMARY KEY (tenant, id, at);
ALTER TABLE public.events_1 ADD CONSTRAINT events_1_pkey PRIMARY KEY USING INDEX events_1_pkey_dbwright_new;
ALTER INDEX public.events_pkey ATTACH PARTITION public.events_1_pkey;
ALTER TABLE public.events_2 ADD CONSTRAINT events_2_pkey PRIMARY KEY USING INDEX events_2_pkey_dbwright_new;
ALTER INDEX public.events_pkey ATTACH PARTITION public.events_2_pkey;
COMMIT;
