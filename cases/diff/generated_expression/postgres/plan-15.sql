
-- Change definitions in one transaction.
BEGIN;
ALTER TABLE public.t ALTER COLUMN kept DROP EXPRESSION;
COMMIT;

-- Rewrite a table, with what hangs on it, in a transaction of its own.
BEGIN;
DROP INDEX public.t_twice;
DROP VIEW public.v;
ALTER TABLE public.t DROP COLUMN twice;
ALTER TABLE public.t ADD COLUMN twice integer GENERATED ALWAYS AS ((a + a)) STORED;
CREATE VIEW public.v AS
 SELECT t.id,
    t.twice
   FROM public.t;
ALTER VIEW public.v OWNER TO postgres;
COMMIT;

-- Build or remove indexes without blocking writes.
CREATE INDEX CONCURRENTLY t_twice ON public.t USING btree (twice);
