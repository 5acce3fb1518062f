
-- Change definitions in one transaction.
BEGIN;
SET check_function_bodies = off;
CREATE OR REPLACE FUNCTION public.f()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$BEGIN /* new */ RETURN NEW; END$function$;
ALTER TABLE public.t DISABLE TRIGGER disabled;
CREATE CONSTRAINT TRIGGER added AFTER INSERT ON public.t DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW EXECUTE FUNCTION public.f();
DROP TRIGGER dropped ON public.t;
COMMIT;

-- Rewrite a table, with what hangs on it, in a transaction of its own.
BEGIN;
ALTER TABLE public.t ALTER COLUMN a TYPE bigint;
COMMIT;

-- Change definitions in one transaction.
BEGIN;
CREATE OR REPLACE TRIGGER replaced BEFORE INSERT OR UPDATE OF a ON public.t FOR EACH ROW EXECUTE FUNCTION public.f();
COMMIT;
