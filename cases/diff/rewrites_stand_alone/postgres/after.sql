CREATE TABLE orders (id integer PRIMARY KEY, total bigint NOT NULL DEFAULT 0, paid bigint, note varchar(80), added date);
CREATE TABLE items (id integer PRIMARY KEY, order_id integer REFERENCES orders (id), weight bigint, token uuid DEFAULT gen_random_uuid());
CREATE TABLE events (id bigint PRIMARY KEY, at timestamp, done boolean NOT NULL DEFAULT false);
CREATE INDEX events_at ON events (at);
CREATE VIEW totals AS SELECT id, total FROM orders;
CREATE VIEW large_totals AS SELECT * FROM totals WHERE total > 1000;
GRANT SELECT ON totals TO reader;
