
-- Change definitions in one transaction.
BEGIN;
SET check_function_bodies = off;
CREATE OR REPLACE FUNCTION public.g(a integer)
 RETURNS integer
 LANGUAGE sql
 IMMUTABLE
AS $function$SELECT a + 2$function$;
COMMIT;

-- Rewrite a table, with what hangs on it, in a transaction of its own.
BEGIN;
ALTER TABLE public.t ALTER COLUMN a DROP DEFAULT;
ALTER TABLE public.t DROP COLUMN b;
DROP INDEX public.t_f;
DROP VIEW public.v;
DROP FUNCTION public.f(a integer);
CREATE OR REPLACE FUNCTION public.f(renamed integer)
 RETURNS integer
 LANGUAGE sql
 IMMUTABLE
AS $function$SELECT renamed + 1$function$;
ALTER TABLE public.t ALTER COLUMN a SET DEFAULT public.f(1);
CREATE VIEW public.v AS
 SELECT public.f(id) AS x,
    public.g(id) AS y
   FROM public.t;
ALTER VIEW public.v OWNER TO postgres;
ALTER TABLE public.t ADD COLUMN b integer GENERATED ALWAYS AS (public.f(id)) STORED;
COMMIT;

-- Change definitions in one transaction.
BEGIN;
ALTER FUNCTION public.f(renamed integer) OWNER TO postgres;
COMMIT;

-- Build or remove indexes without blocking writes.
CREATE INDEX CONCURRENTLY t_f ON public.t USING btree (public.f(a));
