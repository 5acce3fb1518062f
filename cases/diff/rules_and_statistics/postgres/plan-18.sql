
-- Change definitions in one transaction.
BEGIN;
DROP STATISTICS public.replaced;
CREATE OR REPLACE RULE replaced AS
    ON DELETE TO public.t
   WHERE (old.id = 7) DO INSTEAD NOTHING;
ALTER STATISTICS public.aimed SET STATISTICS 500;
CREATE RULE added AS
    ON INSERT TO public.t
   WHERE (new.id = 2) DO INSTEAD NOTHING;
ALTER TABLE public.t DISABLE RULE added;
CREATE STATISTICS public.replaced (dependencies) ON a, b FROM public.t;
ALTER STATISTICS public.replaced OWNER TO postgres;
DROP RULE dropped ON public.t;
COMMIT;
