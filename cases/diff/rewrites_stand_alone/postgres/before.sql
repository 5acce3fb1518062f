CREATE TABLE orders (id integer PRIMARY KEY, total integer NOT NULL DEFAULT 0, paid integer, note varchar(40));
CREATE TABLE items (id integer PRIMARY KEY, order_id integer REFERENCES orders (id), weight integer);
CREATE TABLE events (id integer PRIMARY KEY, at timestamp);
CREATE VIEW totals AS SELECT id, total FROM orders;
CREATE VIEW large_totals AS SELECT * FROM totals WHERE total > 1000;
GRANT SELECT ON totals TO reader;
