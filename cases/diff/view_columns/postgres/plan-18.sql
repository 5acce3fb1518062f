
-- Change definitions in one transaction.
BEGIN;
DROP VIEW public.w;
DROP VIEW public.v;
CREATE OR REPLACE VIEW public.kept AS
 SELECT id,
    b
   FROM public.t;
CREATE VIEW public.v AS
 SELECT id,
    b,
    a
   FROM public.t;
CREATE VIEW public.w AS
 SELECT a
   FROM public.v;
ALTER VIEW public.v OWNER TO postgres;
ALTER VIEW public.w OWNER TO postgres;
COMMIT;
