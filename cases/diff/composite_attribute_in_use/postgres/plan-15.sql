
-- Rewrite a table, with what hangs on it, in a transaction of its own.
BEGIN;
ALTER TYPE public.used RENAME TO used_dbwright_old;
CREATE TYPE public.used AS (a bigint, b text);
ALTER TABLE public.t ALTER COLUMN x TYPE public.used USING CASE WHEN x IS NOT DISTINCT FROM NULL THEN NULL ELSE ROW((x).a::bigint, (x).b::text)::public.used END;
DROP TYPE public.used_dbwright_old;
ALTER TYPE public.used OWNER TO postgres;
COMMIT;
