
-- Change definitions in one transaction.
BEGIN;
ALTER TABLE public.t ADD CONSTRAINT a_dbwright_not_null CHECK (a IS NOT NULL) NOT VALID;
ALTER TABLE public.t ALTER COLUMN b DROP NOT NULL;
COMMIT;

-- Check the rows that are there without blocking writes.
ALTER TABLE public.t VALIDATE CONSTRAINT a_dbwright_not_null;

-- Change definitions in one transaction.
BEGIN;
ALTER TABLE public.t ALTER COLUMN a SET NOT NULL;
ALTER TABLE public.t DROP CONSTRAINT a_dbwright_not_null;
COMMIT;
