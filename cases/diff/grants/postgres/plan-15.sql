
-- Change definitions in one transaction.
BEGIN;
DROP VIEW public.v;
REVOKE INSERT ON TABLE public.t FROM reader;
GRANT SELECT ON TABLE public.t TO reader WITH GRANT OPTION;
CREATE VIEW public.v AS
 SELECT t.a,
    t.id
   FROM public.t;
ALTER VIEW public.v OWNER TO postgres;
COMMENT ON VIEW public.v IS 'rebuilt';
REVOKE ALL ON FUNCTION public.f() FROM postgres;
GRANT EXECUTE ON FUNCTION public.f() TO postgres;
REVOKE ALL ON FUNCTION public.f() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.f() TO writer;
REVOKE ALL ON TABLE public.v FROM postgres;
GRANT DELETE, INSERT, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE ON TABLE public.v TO postgres;
REVOKE ALL ON TABLE public.v FROM reader;
GRANT SELECT ON TABLE public.v TO reader;
GRANT SELECT (id) ON TABLE public.t TO writer;
COMMENT ON FUNCTION public.f() IS NULL;
COMMIT;
