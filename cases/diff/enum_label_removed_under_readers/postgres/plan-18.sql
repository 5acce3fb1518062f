-- loses type mood: The label 'ok' goes; rows that have it make the change fail.

-- Rewrite a table, with what hangs on it, in a transaction of its own.
BEGIN;
SET check_function_bodies = off;
ALTER TABLE public.t ALTER COLUMN mood DROP DEFAULT;
ALTER TABLE public.t ALTER COLUMN moods DROP DEFAULT;
ALTER TABLE public.t DROP CONSTRAINT t_mood_check;
DROP INDEX public.t_sad;
DROP VIEW public.sad;
DROP FUNCTION public.worse(m public.mood);
ALTER TYPE public.mood RENAME TO mood_dbwright_old;
CREATE TYPE public.mood AS ENUM ('happy', 'sad');
ALTER TABLE public.t ALTER COLUMN mood TYPE public.mood USING mood::text::public.mood,
    ALTER COLUMN moods TYPE public.mood[] USING moods::text[]::public.mood[];
DROP TYPE public.mood_dbwright_old;
ALTER TABLE public.t ALTER COLUMN mood SET DEFAULT 'sad'::public.mood;
ALTER TABLE public.t ALTER COLUMN moods SET DEFAULT ARRAY[]::public.mood[];
ALTER TABLE public.t ADD CONSTRAINT t_mood_check CHECK ((mood <> 'happy'::public.mood)) NOT VALID;
CREATE VIEW public.sad AS
 SELECT id,
    mood
   FROM public.t
  WHERE (mood = 'sad'::public.mood);
CREATE OR REPLACE FUNCTION public.worse(m public.mood)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE
AS $function$SELECT m = 'sad'$function$;
ALTER FUNCTION public.worse(m public.mood) OWNER TO postgres;
ALTER TYPE public.mood OWNER TO postgres;
ALTER VIEW public.sad OWNER TO postgres;
COMMIT;

-- Check the rows that are there without blocking writes.
ALTER TABLE public.t VALIDATE CONSTRAINT t_mood_check;

-- Build or remove indexes without blocking writes.
CREATE INDEX CONCURRENTLY t_sad ON public.t USING btree (id) WHERE (mood = 'sad'::public.mood);
