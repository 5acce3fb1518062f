
-- Change definitions in one transaction.
BEGIN;
ALTER TABLE public.t OWNER TO writer;
COMMIT;

-- Rewrite a table, with what hangs on it, in a transaction of its own.
BEGIN;
DROP VIEW public.v;
ALTER TABLE public.t ALTER COLUMN id TYPE bigint;
CREATE VIEW public.v AS
 SELECT t.id
   FROM public.t;
ALTER VIEW public.v OWNER TO owner;
COMMIT;
