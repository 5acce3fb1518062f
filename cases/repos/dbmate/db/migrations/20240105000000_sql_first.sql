SELECT 5;
-- migrate:up
SELECT 6;
-- migrate:down
