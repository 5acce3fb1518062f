
-- Change definitions in one transaction.
BEGIN;
DROP VIEW public.v;
ALTER TABLE public.t ALTER COLUMN id TYPE bigint;
ALTER TABLE public.t OWNER TO writer;
CREATE VIEW public.v AS
 SELECT t.id
   FROM public.t;
ALTER VIEW public.v OWNER TO owner;
COMMIT;
