
-- Change definitions in one transaction.
BEGIN;
SET check_function_bodies = off;
DROP EVENT TRIGGER replaced;
CREATE OR REPLACE FUNCTION public.other()
 RETURNS event_trigger
 LANGUAGE plpgsql
AS $function$BEGIN RETURN; END$function$;
ALTER EVENT TRIGGER idle DISABLE;
CREATE EVENT TRIGGER new ON table_rewrite EXECUTE FUNCTION public.other();
CREATE EVENT TRIGGER replaced ON ddl_command_end WHEN TAG IN ('CREATE TABLE', 'DROP TABLE') EXECUTE FUNCTION public.other();
COMMENT ON EVENT TRIGGER replaced IS 'kept';
ALTER EVENT TRIGGER new OWNER TO dbwright;
ALTER EVENT TRIGGER replaced OWNER TO dbwright;
DROP EVENT TRIGGER gone;
COMMIT;
