
-- Build or remove indexes without blocking writes.
CREATE UNIQUE INDEX CONCURRENTLY parent_pkey_dbwright_new ON public.parent USING btree (id) INCLUDE (tenant);

-- Change definitions in one transaction.
BEGIN;
ALTER TABLE public.child DROP CONSTRAINT child_parent_id_fkey;
ALTER TABLE public.parent DROP CONSTRAINT parent_pkey;
ALTER TABLE public.parent ADD CONSTRAINT parent_pkey PRIMARY KEY USING INDEX parent_pkey_dbwright_new;
ALTER TABLE public.child ADD CONSTRAINT child_parent_id_fkey FOREIGN KEY (parent_id) REFERENCES public.parent(id) NOT VALID;
COMMIT;

-- Check the rows that are there without blocking writes.
ALTER TABLE public.child VALIDATE CONSTRAINT child_parent_id_fkey;
