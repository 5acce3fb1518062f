-- +migrate Up
DO $$ BEGIN
  PERFORM 1;
END $$;
-- +migrate Unknown
SELECT 2
