
-- Change definitions in one transaction.
BEGIN;
ALTER TABLE public.t ADD CONSTRAINT t_a_not_null NOT NULL a NOT VALID;
ALTER TABLE public.t DROP CONSTRAINT t_b_not_null;
COMMIT;

-- Check the rows that are there without blocking writes.
ALTER TABLE public.t VALIDATE CONSTRAINT t_a_not_null;
