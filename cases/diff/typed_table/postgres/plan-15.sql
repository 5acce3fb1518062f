-- refuses type row_of: The table t is made of it (OF), and would change with it. Take the table off it (NOT OF) first.

-- Change definitions in one transaction.
BEGIN;
ALTER TABLE public.t ADD COLUMN c date;
COMMIT;
