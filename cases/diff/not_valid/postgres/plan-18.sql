
-- Change definitions in one transaction.
BEGIN;
ALTER TABLE public.t ALTER CONSTRAINT to_p DEFERRABLE INITIALLY IMMEDIATE;
COMMIT;

-- Check the rows that are there without blocking writes.
ALTER TABLE public.t VALIDATE CONSTRAINT positive;
ALTER TABLE public.t VALIDATE CONSTRAINT to_p;
