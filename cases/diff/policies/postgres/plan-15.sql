
-- Change definitions in one transaction.
BEGIN;
DROP POLICY altered ON public.t;
DROP POLICY replaced ON public.t;
ALTER TABLE public.t FORCE ROW LEVEL SECURITY;
ALTER TABLE public.t ALTER COLUMN tenant TYPE bigint;
CREATE POLICY added ON public.t FOR INSERT WITH CHECK ((id > 0));
CREATE POLICY altered ON public.t FOR SELECT TO reader, writer USING (((tenant > 1) AND (owner = CURRENT_USER)));
CREATE POLICY replaced ON public.t FOR UPDATE USING ((tenant > 1));
DROP POLICY dropped ON public.t;
COMMIT;
