-- loses column t.b: The column and its values are dropped.

-- Build or remove indexes without blocking writes.
DROP INDEX CONCURRENTLY public.t_b;

-- Change definitions in one transaction.
BEGIN;
DROP VIEW public.v;
CREATE VIEW public.v AS
 SELECT id,
    a
   FROM public.t;
ALTER VIEW public.v OWNER TO postgres;
ALTER TABLE public.t DROP CONSTRAINT t_a_b_key;
ALTER TABLE public.t DROP CONSTRAINT t_check;
ALTER TABLE public.t DROP COLUMN b;
COMMIT;
