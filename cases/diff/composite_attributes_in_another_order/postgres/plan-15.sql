-- loses column shops.at: The values of its attribute gone are dropped.

-- Rewrite a table, with what hangs on it, in a transaction of its own.
BEGIN;
ALTER TYPE public.place RENAME TO place_dbwright_old;
CREATE TYPE public.place AS (number bigint, country text, street text);
ALTER TABLE public.shops ALTER COLUMN at TYPE public.place USING CASE WHEN at IS NOT DISTINCT FROM NULL THEN NULL ELSE ROW((at).number::bigint, NULL, (at).street::text)::public.place END;
DROP TYPE public.place_dbwright_old;
ALTER TYPE public.place OWNER TO postgres;
COMMIT;
