
-- Change definitions in one transaction.
BEGIN;
DROP VIEW public.w;
DROP VIEW public.v;
CREATE OR REPLACE VIEW public.kept AS
 SELECT t.id,
    t.b
   FROM public.t;
CREATE VIEW public.v AS
 SELECT t.id,
    t.b,
    t.a
   FROM public.t;
CREATE VIEW public.w AS
 SELECT v.a
   FROM public.v;
ALTER VIEW public.v OWNER TO postgres;
ALTER VIEW public.w OWNER TO postgres;
COMMIT;
