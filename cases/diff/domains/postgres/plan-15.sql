
-- Rewrite a table, with what hangs on it, in a transaction of its own.
BEGIN;
DROP VIEW public.v;
ALTER DOMAIN public.amount RENAME TO amount_dbwright_old;
CREATE DOMAIN public.amount AS bigint CONSTRAINT positive CHECK ((VALUE > 0));
ALTER TABLE public.t ALTER COLUMN amount TYPE public.amount USING amount::bigint::public.amount;
DROP DOMAIN public.amount_dbwright_old;
CREATE VIEW public.v AS
 SELECT t.amount
   FROM public.t;
ALTER DOMAIN public.amount OWNER TO postgres;
ALTER VIEW public.v OWNER TO postgres;
COMMIT;

-- Change definitions in one transaction.
BEGIN;
ALTER DOMAIN public.code SET DEFAULT 'x'::text;
ALTER DOMAIN public.code ADD CONSTRAINT short CHECK ((length(VALUE) < 100)) NOT VALID;
COMMIT;

-- Check the rows that are there without blocking writes.
ALTER DOMAIN public.code VALIDATE CONSTRAINT short;

-- Read rows while writers wait, in a transaction of its own.
BEGIN;
ALTER DOMAIN public.code SET NOT NULL;
COMMIT;
