-- loses table upload: The table and its rows are dropped.

-- Change definitions in one transaction.
BEGIN;
CREATE TABLE public.image (
    alias text NOT NULL,
    person integer,
    thumbnail integer
);
ALTER TABLE public.image OWNER TO postgres;
DROP TABLE public.upload;
ALTER TABLE ONLY public.image ADD CONSTRAINT upload_pkey PRIMARY KEY (alias);
CREATE INDEX upload_owner ON public.image USING btree (person);
COMMIT;
