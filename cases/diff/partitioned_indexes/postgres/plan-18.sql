
-- Change definitions in one transaction.
BEGIN;
ALTER TABLE ONLY public.t ADD CONSTRAINT t_pkey PRIMARY KEY (id);
CREATE INDEX t_added ON ONLY public.t USING btree (a, id);
CREATE INDEX t_replaced_dbwright_new ON ONLY public.t USING btree (a DESC);
CREATE TABLE public.t_3 (
    id integer CONSTRAINT t_id_not_null NOT NULL,
    a integer
);
ALTER TABLE ONLY public.t_3 ADD CONSTRAINT t_3_pkey PRIMARY KEY (id);
CREATE INDEX t_3_a_id_idx ON public.t_3 USING btree (a, id);
ALTER TABLE public.t_3 OWNER TO postgres;
COMMIT;

-- Build or remove indexes without blocking writes.
CREATE UNIQUE INDEX CONCURRENTLY t_1_pkey ON public.t_1 USING btree (id);
CREATE UNIQUE INDEX CONCURRENTLY t_2_pkey ON public.t_2 USING btree (id);
CREATE INDEX CONCURRENTLY t_1_a_idx_dbwright_new ON public.t_1 USING btree (a DESC);
CREATE INDEX CONCURRENTLY t_2_a_idx_dbwright_new ON public.t_2 USING btree (a DESC);
CREATE INDEX CONCURRENTLY t_1_a_id_idx ON public.t_1 USING btree (a, id);
CREATE INDEX CONCURRENTLY t_2_a_id_idx ON public.t_2 USING btree (a, id);

-- Change definitions in one transaction.
BEGIN;
ALTER INDEX public.t_replaced_dbwright_new ATTACH PARTITION public.t_1_a_idx_dbwright_new;
ALTER INDEX public.t_replaced_dbwright_new ATTACH PARTITION public.t_2_a_idx_dbwright_new;
DROP INDEX public.t_replaced;
ALTER INDEX public.t_replaced_dbwright_new RENAME TO t_replaced;
ALTER INDEX public.t_1_a_idx_dbwright_new RENAME TO t_1_a_idx;
ALTER INDEX public.t_2_a_idx_dbwright_new RENAME TO t_2_a_idx;
ALTER TABLE public.t_1 ADD CONSTRAINT t_1_pkey PRIMARY KEY USING INDEX t_1_pkey;
ALTER INDEX public.t_pkey ATTACH PARTITION public.t_1_pkey;
ALTER TABLE public.t_2 ADD CONSTRAINT t_2_pkey PRIMARY KEY USING INDEX t_2_pkey;
ALTER INDEX public.t_pkey ATTACH PARTITION public.t_2_pkey;
ALTER INDEX public.t_added ATTACH PARTITION public.t_1_a_id_idx;
ALTER INDEX public.t_added ATTACH PARTITION public.t_2_a_id_idx;
CREATE INDEX t_3_a_idx ON public.t_3 USING btree (a DESC);
ALTER TABLE public.t ATTACH PARTITION public.t_3 FOR VALUES FROM (200) TO (300);
COMMIT;
