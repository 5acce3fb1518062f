
-- Change definitions in one transaction.
BEGIN;
ALTER TABLE public.t FORCE ROW LEVEL SECURITY;
CREATE POLICY added ON public.t FOR INSERT WITH CHECK ((id > 0));
DROP POLICY dropped ON public.t;
COMMIT;

-- Rewrite a table, with what hangs on it, in a transaction of its own.
BEGIN;
DROP POLICY altered ON public.t;
DROP POLICY replaced ON public.t;
ALTER TABLE public.t ALTER COLUMN tenant TYPE bigint;
CREATE POLICY altered ON public.t FOR SELECT TO reader, writer USING (((tenant > 1) AND (owner = CURRENT_USER)));
CREATE POLICY replaced ON public.t FOR UPDATE USING ((tenant > 1));
COMMIT;
