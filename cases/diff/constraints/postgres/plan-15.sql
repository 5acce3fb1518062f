
-- Change definitions in one transaction.
BEGIN;
ALTER TABLE public.child DROP CONSTRAINT positive;
ALTER TABLE public.child ADD CONSTRAINT id_dbwright_not_null CHECK (id IS NOT NULL) NOT VALID;
ALTER TABLE public.child ADD CONSTRAINT positive CHECK ((amount >= 0)) NOT VALID;
ALTER TABLE public.child ADD CONSTRAINT to_parent FOREIGN KEY (parent_id) REFERENCES public.parent(id) ON DELETE CASCADE NOT VALID;
COMMIT;

-- Check the rows that are there without blocking writes.
ALTER TABLE public.child VALIDATE CONSTRAINT id_dbwright_not_null;
ALTER TABLE public.child VALIDATE CONSTRAINT positive;
ALTER TABLE public.child VALIDATE CONSTRAINT to_parent;

-- Build or remove indexes without blocking writes.
CREATE UNIQUE INDEX CONCURRENTLY parent_code ON public.parent USING btree (code);

-- Change definitions in one transaction.
BEGIN;
ALTER TABLE public.child ALTER COLUMN id SET NOT NULL;
ALTER TABLE public.child DROP CONSTRAINT id_dbwright_not_null;
ALTER TABLE public.parent ADD CONSTRAINT parent_code UNIQUE USING INDEX parent_code;
COMMIT;

-- Build or remove indexes without blocking writes.
CREATE UNIQUE INDEX CONCURRENTLY child_pkey ON public.child USING btree (id);

-- Change definitions in one transaction.
BEGIN;
ALTER TABLE public.child ADD CONSTRAINT child_pkey PRIMARY KEY USING INDEX child_pkey;
COMMIT;
