
-- Rewrite a table, with what hangs on it, in a transaction of its own.
BEGIN;
ALTER TABLE public.orders ALTER COLUMN total DROP DEFAULT;
DROP VIEW public.large;
DROP MATERIALIZED VIEW public.sums;
DROP VIEW public.totals;
ALTER TABLE public.orders ALTER COLUMN total TYPE numeric(14,2),
    ALTER COLUMN state TYPE text,
    ALTER COLUMN id TYPE bigint;
ALTER TABLE public.orders ALTER COLUMN total SET DEFAULT 0;
CREATE MATERIALIZED VIEW public.sums AS
 SELECT orders.state,
    sum(orders.total) AS total
   FROM public.orders
  GROUP BY orders.state
WITH NO DATA;
CREATE VIEW public.totals AS
 SELECT orders.id,
    orders.total
   FROM public.orders;
CREATE VIEW public.large AS
 SELECT totals.id
   FROM public.totals
  WHERE (totals.total > (100)::numeric);
ALTER VIEW public.large OWNER TO postgres;
ALTER VIEW public.totals OWNER TO postgres;
REFRESH MATERIALIZED VIEW public.sums;
CREATE UNIQUE INDEX sums_state ON public.sums USING btree (state);
ALTER MATERIALIZED VIEW public.sums OWNER TO postgres;
COMMIT;
