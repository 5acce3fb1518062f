
-- Change definitions in one transaction.
BEGIN;
ALTER TABLE public.t ALTER COLUMN a TYPE character varying(80);
ALTER TABLE public.t ALTER COLUMN a SET STORAGE EXTERNAL;
COMMIT;
