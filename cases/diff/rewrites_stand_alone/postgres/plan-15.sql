
-- Change definitions in one transaction.
BEGIN;
ALTER TABLE public.orders ALTER COLUMN note TYPE character varying(80);
ALTER TABLE public.events ADD COLUMN done boolean DEFAULT false NOT NULL;
ALTER TABLE public.orders ADD COLUMN added date;
COMMIT;

-- Build or remove indexes without blocking writes.
CREATE INDEX CONCURRENTLY events_at ON public.events USING btree (at);

-- Rewrite a table, with what hangs on it, in a transaction of its own.
BEGIN;
ALTER TABLE public.orders ALTER COLUMN total DROP DEFAULT;
DROP VIEW public.large_totals;
DROP VIEW public.totals;
ALTER TABLE public.orders ALTER COLUMN total TYPE bigint,
    ALTER COLUMN paid TYPE bigint;
ALTER TABLE public.orders ALTER COLUMN total SET DEFAULT 0;
CREATE VIEW public.totals AS
 SELECT orders.id,
    orders.total
   FROM public.orders;
CREATE VIEW public.large_totals AS
 SELECT totals.id,
    totals.total
   FROM public.totals
  WHERE (totals.total > 1000);
ALTER VIEW public.large_totals OWNER TO postgres;
ALTER VIEW public.totals OWNER TO postgres;
REVOKE ALL ON TABLE public.totals FROM postgres;
GRANT DELETE, INSERT, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE ON TABLE public.totals TO postgres;
REVOKE ALL ON TABLE public.totals FROM reader;
GRANT SELECT ON TABLE public.totals TO reader;
COMMIT;

-- Rewrite a table, with what hangs on it, in a transaction of its own.
BEGIN;
ALTER TABLE public.events ALTER COLUMN id TYPE bigint;
COMMIT;

-- Rewrite a table, with what hangs on it, in a transaction of its own.
BEGIN;
ALTER TABLE public.items ALTER COLUMN weight TYPE bigint,
    ADD COLUMN token uuid DEFAULT gen_random_uuid();
COMMIT;
