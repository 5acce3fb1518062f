
-- Change definitions in one transaction.
BEGIN;
ALTER TABLE public.t_2 ADD CONSTRAINT t_a_check CHECK ((a > 0)) NOT VALID;
COMMIT;

-- Detach partitions without blocking readers or writers.
ALTER TABLE public.t DETACH PARTITION public.t_1 CONCURRENTLY;

-- Check the rows that are there without blocking writes.
ALTER TABLE public.t_2 VALIDATE CONSTRAINT t_a_check;

-- Read rows while writers wait, in a transaction of its own.
BEGIN;
ALTER TABLE public.t ATTACH PARTITION public.t_2 FOR VALUES FROM (100) TO (200);
COMMIT;

-- Change definitions in one transaction.
BEGIN;
ALTER TABLE public.t_1 DROP CONSTRAINT IF EXISTS t_1_id_check;
ALTER TABLE public.t_1 DROP CONSTRAINT t_a_check;
COMMIT;
