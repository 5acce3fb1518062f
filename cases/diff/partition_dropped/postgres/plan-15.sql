-- loses table events_1: The table and its rows are dropped.

-- Detach partitions without blocking readers or writers.
ALTER TABLE public.events DETACH PARTITION public.events_2 CONCURRENTLY;
ALTER TABLE public.events DETACH PARTITION public.events_1 CONCURRENTLY;

-- Change definitions in one transaction.
BEGIN;
ALTER TABLE public.events_2 DROP CONSTRAINT IF EXISTS events_2_at_check;
DROP TABLE public.events_1;
COMMIT;
