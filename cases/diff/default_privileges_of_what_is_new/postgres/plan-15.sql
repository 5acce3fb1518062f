
-- Change definitions in one transaction.
BEGIN;
SET check_function_bodies = off;
CREATE SEQUENCE app.plain_id_seq AS integer;
CREATE TABLE app.plain (
    id integer DEFAULT nextval('app.plain_id_seq'::regclass) NOT NULL
);
REVOKE ALL ON TABLE app.plain FROM reader;
REVOKE ALL ON TABLE app.plain FROM writer;
ALTER SEQUENCE app.plain_id_seq OWNED BY app.plain.id;
REVOKE ALL ON SEQUENCE app.plain_id_seq FROM writer;
CREATE TABLE public.granted (
    id integer NOT NULL
);
ALTER TABLE ONLY app.plain ADD CONSTRAINT plain_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.granted ADD CONSTRAINT granted_pkey PRIMARY KEY (id);
CREATE VIEW public.seen AS
 SELECT granted.id
   FROM public.granted;
REVOKE ALL ON TABLE public.seen FROM reader;
CREATE OR REPLACE FUNCTION public.one()
 RETURNS integer
 LANGUAGE sql
AS $function$SELECT 1$function$;
GRANT ALL ON ROUTINE public.one() TO PUBLIC;
ALTER FUNCTION public.one() OWNER TO postgres;
ALTER TABLE app.plain OWNER TO postgres;
ALTER TABLE public.granted OWNER TO postgres;
ALTER VIEW public.seen OWNER TO postgres;
REVOKE ALL ON TABLE public.granted FROM postgres;
GRANT DELETE, INSERT, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE ON TABLE public.granted TO postgres;
REVOKE ALL ON TABLE public.granted FROM reader;
GRANT INSERT ON TABLE public.granted TO reader;
ALTER DEFAULT PRIVILEGES FOR ROLE postgres REVOKE ALL ON TYPES FROM postgres;
ALTER DEFAULT PRIVILEGES FOR ROLE postgres GRANT USAGE ON TYPES TO postgres;
ALTER DEFAULT PRIVILEGES FOR ROLE postgres REVOKE ALL ON TYPES FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE postgres GRANT USAGE ON TYPES TO PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE postgres REVOKE ALL ON TYPES FROM reader;
ALTER DEFAULT PRIVILEGES FOR ROLE postgres GRANT USAGE ON TYPES TO reader;
COMMIT;
