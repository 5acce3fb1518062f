
-- Change definitions in one transaction.
BEGIN;
ALTER TABLE public.b DROP CONSTRAINT b_a;
ALTER TABLE public.b ADD CONSTRAINT b_a FOREIGN KEY (a) REFERENCES public.a(id) NOT VALID;
COMMIT;

-- Check the rows that are there without blocking writes.
ALTER TABLE public.b VALIDATE CONSTRAINT b_a;
