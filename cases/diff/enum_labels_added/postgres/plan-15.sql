
-- Add enum labels, which can be used once they are committed.
ALTER TYPE public.mood ADD VALUE 'angry' BEFORE 'sad';
ALTER TYPE public.mood ADD VALUE 'it''s ok' AFTER 'sad';
ALTER TYPE public.mood ADD VALUE 'ecstatic';

-- Change definitions in one transaction.
BEGIN;
ALTER TABLE public.t ALTER COLUMN mood SET DEFAULT 'ecstatic'::public.mood;
COMMIT;
