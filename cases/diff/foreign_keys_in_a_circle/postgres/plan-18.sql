-- loses table a: The table and its rows are dropped.
-- loses table b: The table and its rows are dropped.

-- Change definitions in one transaction.
BEGIN;
ALTER TABLE public.keep ADD COLUMN c_id integer;
CREATE TABLE public.c (
    id integer NOT NULL,
    d_id integer
);
CREATE TABLE public.d (
    id integer NOT NULL,
    c_id integer
);
ALTER TABLE ONLY public.c ADD CONSTRAINT c_pkey PRIMARY KEY (id);
ALTER TABLE public.keep ADD CONSTRAINT keep_c_id_fkey FOREIGN KEY (c_id) REFERENCES public.c(id) DEFERRABLE INITIALLY DEFERRED NOT VALID;
ALTER TABLE ONLY public.d ADD CONSTRAINT d_pkey PRIMARY KEY (id);
ALTER TABLE public.c ADD CONSTRAINT to_d FOREIGN KEY (d_id) REFERENCES public.d(id);
ALTER TABLE public.d ADD CONSTRAINT d_c_id_fkey FOREIGN KEY (c_id) REFERENCES public.c(id);
ALTER TABLE public.c OWNER TO postgres;
ALTER TABLE public.d OWNER TO postgres;
ALTER TABLE public.a DROP CONSTRAINT to_b;
ALTER TABLE public.b DROP CONSTRAINT b_a_id_fkey;
DROP TABLE public.a;
DROP TABLE public.b;
COMMIT;

-- Check the rows that are there without blocking writes.
ALTER TABLE public.keep VALIDATE CONSTRAINT keep_c_id_fkey;

-- Rewrite a table, with what hangs on it, in a transaction of its own.
BEGIN;
ALTER TABLE public.keep ALTER COLUMN id TYPE bigint;
COMMIT;
