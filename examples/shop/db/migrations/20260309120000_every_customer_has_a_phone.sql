-- migrate:up
UPDATE customer SET phone = '' WHERE phone IS NULL;
ALTER TABLE customer ALTER COLUMN phone SET NOT NULL;

-- migrate:down
ALTER TABLE customer ALTER COLUMN phone DROP NOT NULL;
