-- migrate:up
CREATE INDEX CONCURRENTLY orders_state_idx ON orders (state);

-- migrate:down
DROP INDEX orders_state_idx;
