CREATE TABLE orders (id bigint PRIMARY KEY, total numeric(14,2) NOT NULL DEFAULT 0, state text);
CREATE INDEX orders_total ON orders (total);
CREATE VIEW totals AS SELECT id, total FROM orders;
CREATE VIEW large AS SELECT id FROM totals WHERE total > 100;
CREATE MATERIALIZED VIEW sums AS SELECT state, sum(total) AS total FROM orders GROUP BY state;
CREATE UNIQUE INDEX sums_state ON sums (state);
