-- migrate:up
DO $$
BEGIN
  EXECUTE 'ALTER TABLE orders ALTER COLUMN total_cents TYPE bigint';
END
$$;

-- migrate:down
ALTER TABLE orders ALTER COLUMN total_cents TYPE integer;
