
-- Rewrite a table, with what hangs on it, in a transaction of its own.
BEGIN;
ALTER TYPE public.place RENAME TO place_dbwright_old;
CREATE TYPE public.place AS (street text, number bigint, zip text);
ALTER TABLE public.others ALTER COLUMN at TYPE public.place USING CASE WHEN at IS NOT DISTINCT FROM NULL THEN NULL ELSE ROW((at).street::text, (at).number::bigint, (at).zip::text)::public.place END;
ALTER TABLE public.shops ALTER COLUMN at TYPE public.place USING CASE WHEN at IS NOT DISTINCT FROM NULL THEN NULL ELSE ROW((at).street::text, (at).number::bigint, (at).zip::text)::public.place END,
    ALTER COLUMN many TYPE public.place[] USING many::text[]::public.place[];
DROP TYPE public.place_dbwright_old;
ALTER TYPE public.place OWNER TO postgres;
COMMIT;
