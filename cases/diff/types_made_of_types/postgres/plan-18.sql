-- loses type mood: The label 'bad' goes; rows that have it make the change fail.

-- Rewrite a table, with what hangs on it, in a transaction of its own.
BEGIN;
ALTER TABLE public.days ALTER COLUMN mood DROP DEFAULT;
DROP VIEW public.good_days;
ALTER TYPE public.entry RENAME TO entry_dbwright_old;
ALTER DOMAIN public.kept_mood RENAME TO kept_mood_dbwright_old;
ALTER TYPE public.mood RENAME TO mood_dbwright_old;
CREATE TYPE public.mood AS ENUM ('fine', 'good', 'great');
ALTER TABLE public.days ALTER COLUMN mood TYPE public.mood USING mood::text::public.mood;
ALTER TABLE public.days ALTER COLUMN mood SET DEFAULT 'fine'::public.mood;
CREATE TYPE public.entry AS (at date, mood public.mood, size integer);
ALTER TABLE public.days ALTER COLUMN entry TYPE public.entry USING CASE WHEN entry IS NOT DISTINCT FROM NULL THEN NULL ELSE ROW((entry).at::date, (entry).mood::text::public.mood, (entry).size::integer)::public.entry END,
    ALTER COLUMN entries TYPE public.entry[] USING entries::text[]::public.entry[];
DROP TYPE public.entry_dbwright_old;
CREATE DOMAIN public.kept_mood AS public.mood CONSTRAINT not_great CHECK ((VALUE <> 'great'::public.mood));
ALTER TABLE public.days ALTER COLUMN kept TYPE public.kept_mood USING kept::text::public.kept_mood;
DROP DOMAIN public.kept_mood_dbwright_old;
DROP TYPE public.mood_dbwright_old;
CREATE VIEW public.good_days AS
 SELECT id,
    entry
   FROM public.days
  WHERE (mood = 'good'::public.mood);
ALTER TYPE public.entry OWNER TO postgres;
ALTER DOMAIN public.kept_mood OWNER TO postgres;
ALTER TYPE public.mood OWNER TO postgres;
ALTER VIEW public.good_days OWNER TO postgres;
COMMIT;
