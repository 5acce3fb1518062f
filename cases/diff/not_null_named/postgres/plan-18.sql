
-- Change definitions in one transaction.
BEGIN;
ALTER TABLE public.v ALTER COLUMN twice SET EXPRESSION AS ((a + a));
ALTER TABLE public.t ADD CONSTRAINT b_given NOT NULL b NOT VALID;
ALTER TABLE public.t RENAME CONSTRAINT old_name TO new_name;
COMMIT;

-- Check the rows that are there without blocking writes.
ALTER TABLE public.t VALIDATE CONSTRAINT b_given;
