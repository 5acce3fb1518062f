-- migrate:up
ALTER TABLE product ADD COLUMN number text NOT NULL;

-- migrate:down
ALTER TABLE product DROP COLUMN number;
