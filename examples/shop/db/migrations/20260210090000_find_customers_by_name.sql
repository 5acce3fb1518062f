-- migrate:up transaction:false
CREATE INDEX CONCURRENTLY customer_name_idx ON customer (name);

-- migrate:down transaction:false
DROP INDEX CONCURRENTLY customer_name_idx;
