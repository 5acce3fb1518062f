-- loses table b: The table and its rows are dropped.

-- Change definitions in one transaction.
BEGIN;
ALTER PUBLICATION emptied DROP TABLE public.a, public.b;
CREATE TABLE public.c (
    id integer NOT NULL
);
ALTER PUBLICATION altered SET TABLE public.a, public.c;
ALTER PUBLICATION altered SET (publish = 'insert');
ALTER TABLE ONLY public.c ADD CONSTRAINT c_pkey PRIMARY KEY (id);
CREATE PUBLICATION added FOR TABLE ONLY public.c;
ALTER PUBLICATION added OWNER TO postgres;
ALTER TABLE public.c OWNER TO postgres;
DROP TABLE public.b;
DROP PUBLICATION dropped;
COMMIT;
