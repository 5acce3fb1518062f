CREATE TABLE numbers (n INTEGER PRIMARY KEY);
WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 5000) INSERT INTO numbers SELECT n FROM c;

CREATE TABLE customers (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, country TEXT COLLATE NOCASE, born INTEGER, note TEXT);
INSERT INTO customers SELECT n, 'm' || n || '@example.com', CASE WHEN n % 50 = 0 THEN 'IS' ELSE 'DE' END, 1950 + n % 60, printf('%.50c', 'x') FROM numbers WHERE n <= 2000;
CREATE INDEX customers_country ON customers (country);
CREATE INDEX customers_born_country ON customers (born DESC, country);
CREATE INDEX customers_lower ON customers (lower(email));
CREATE INDEX customers_old ON customers (country, id) WHERE born < 1955;

CREATE TABLE orders (id INTEGER PRIMARY KEY AUTOINCREMENT, customer INTEGER NOT NULL REFERENCES customers, state TEXT NOT NULL, placed TEXT, total REAL, cents INTEGER GENERATED ALWAYS AS (CAST(total * 100 AS INTEGER)) STORED, year TEXT AS (substr(placed, 1, 4)));
INSERT INTO orders (customer, state, placed, total) SELECT 1 + n * 7 % 2000, CASE WHEN n % 100 = 0 THEN 'open' WHEN n % 10 = 0 THEN 'sent' ELSE 'done' END, date('2020-01-01', '+' || (n % 900) || ' days'), n % 97 * 1.5 FROM numbers;
CREATE INDEX orders_customer ON orders (customer);
CREATE INDEX orders_state ON orders (state, placed);
CREATE INDEX orders_open ON orders (placed) WHERE state = 'open';
CREATE INDEX orders_cents ON orders (cents);
CREATE INDEX orders_year ON orders (year, customer);
CREATE INDEX orders_cover ON orders (customer, placed, total);

CREATE TABLE lines (order_id INTEGER, line INTEGER, product TEXT, amount INTEGER, PRIMARY KEY (order_id, line)) WITHOUT ROWID;
INSERT INTO lines SELECT o.n, l.n, 'p' || ((o.n * 3 + l.n) % 200), 1 + o.n % 5 FROM numbers o JOIN numbers l ON l.n <= 3;
CREATE INDEX lines_product ON lines (product);

CREATE TABLE products (sku TEXT PRIMARY KEY, family TEXT, price ANY) STRICT;
INSERT INTO products SELECT 'p' || n, 'f' || (n % 12), n * 2 FROM numbers WHERE n <= 200;
CREATE UNIQUE INDEX products_family ON products (family, sku);

CREATE TABLE logs (at INTEGER, level INTEGER, message TEXT);
INSERT INTO logs SELECT n * 10, n % 4, 'message ' || n FROM numbers;
CREATE INDEX logs_level ON logs (level);
CREATE INDEX logs_at ON logs (at);

CREATE TABLE empty (a, b);
CREATE INDEX empty_a ON empty (a);

CREATE VIRTUAL TABLE search USING fts5(title, body);
INSERT INTO search SELECT 'title ' || n, 'body ' || (n % 10) FROM numbers WHERE n <= 500;
CREATE VIRTUAL TABLE places USING rtree(id, x0, x1, y0, y1);
INSERT INTO places SELECT n, n % 100, n % 100 + 1, n % 37, n % 37 + 1 FROM numbers WHERE n <= 1000;
CREATE VIRTUAL TABLE old_search USING fts4(content='logs', message);
CREATE TABLE places_of_orders (order_id INTEGER PRIMARY KEY, place INTEGER);
INSERT INTO places_of_orders SELECT n, n % 1000 FROM numbers;
CREATE INDEX places_of_orders_place ON places_of_orders (place);

CREATE VIEW open_orders AS SELECT o.*, c.country FROM orders o JOIN customers c ON c.id = o.customer WHERE o.state = 'open';
CREATE TRIGGER orders_log AFTER UPDATE OF state ON orders BEGIN INSERT INTO logs VALUES (1, 1, new.state); END;
CREATE TRIGGER open_orders_done INSTEAD OF DELETE ON open_orders BEGIN UPDATE orders SET state = 'done' WHERE id = old.id; END;
ALTER TABLE customers ADD COLUMN points INTEGER DEFAULT 0;
CREATE INDEX customers_points ON customers (points, born);
ANALYZE;
