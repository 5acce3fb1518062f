
-- Rewrite a table, with what hangs on it, in a transaction of its own.
BEGIN;
DROP VIEW public.v;
ALTER TABLE public.t ALTER COLUMN a TYPE bigint;
CREATE VIEW public.v WITH (security_barrier=true) AS
 SELECT id,
    a
   FROM public.t;
ALTER VIEW public.v ALTER COLUMN a SET DEFAULT 5;
CREATE TRIGGER g INSTEAD OF INSERT ON public.v FOR EACH ROW EXECUTE FUNCTION public.f();
ALTER VIEW public.v OWNER TO postgres;
COMMENT ON COLUMN public.v.a IS 'kept';
COMMIT;
