-- loses column t.gone: The column and its values are dropped.
-- loses column t_1.gone: The column and its values are dropped.
-- loses column t_2.gone: The column and its values are dropped.
-- loses column t_3.gone: The column and its values are dropped.

-- Detach partitions without blocking readers or writers.
ALTER TABLE public.t DETACH PARTITION public.t_2 CONCURRENTLY;

-- Change definitions in one transaction.
BEGIN;
ALTER TABLE public.t_2 DROP CONSTRAINT IF EXISTS t_2_id_check;
ALTER TABLE public.t ADD COLUMN new uuid;
ALTER TABLE public.t_3 ADD COLUMN new uuid;
ALTER TABLE public.t DROP COLUMN gone;
ALTER TABLE public.t_2 DROP COLUMN gone;
ALTER TABLE public.t_3 DROP COLUMN gone;
COMMIT;

-- Read rows while writers wait, in a transaction of its own.
BEGIN;
ALTER TABLE public.t ATTACH PARTITION public.t_3 FOR VALUES FROM (200) TO (300);
COMMIT;
