SELECT * FROM customers WHERE id = 7
SELECT * FROM customers WHERE email = 'm7@example.com'
SELECT * FROM customers WHERE country = 'IS'
SELECT * FROM customers WHERE country = 'DE'
SELECT * FROM customers WHERE born > '1988-01-01'
SELECT * FROM customers WHERE born < '1988-01-01' AND country = 'IS'
SELECT * FROM customers WHERE born BETWEEN '1960-01-01' AND '1960-03-01'
SELECT country, count(*) FROM customers GROUP BY country
SELECT max(born) FROM customers
SELECT * FROM customers ORDER BY born LIMIT 10
SELECT * FROM orders WHERE customer = 5
SELECT * FROM orders WHERE state = 'open' ORDER BY placed
SELECT * FROM orders WHERE state = 'done' ORDER BY placed
SELECT * FROM orders WHERE state = 'open' AND placed > '2020-06-01'
SELECT * FROM orders WHERE state = 'done' AND placed > '2020-07-20'
SELECT * FROM orders WHERE placed > '2020-07-20'
SELECT * FROM orders WHERE placed > '2020-01-20'
SELECT * FROM orders WHERE placed BETWEEN '2020-03-01' AND '2020-03-03'
SELECT * FROM orders WHERE cents = 150
SELECT * FROM orders WHERE cents > 14000
SELECT * FROM orders WHERE customer IN (1, 2, 3)
SELECT * FROM orders ORDER BY id DESC LIMIT 10
SELECT customer, sum(total) FROM orders GROUP BY customer
SELECT count(*) FROM orders
SELECT * FROM order_lines WHERE order_id = 5
SELECT * FROM order_lines WHERE product = 'p7'
SELECT * FROM order_lines WHERE product = 'p7' AND order_id > 3000
SELECT product, sum(amount) FROM order_lines GROUP BY product
SELECT * FROM products WHERE family = 'f3'
SELECT * FROM events WHERE at > '2021-06-01'
SELECT * FROM events WHERE kind = 3 AND at < '2020-06-01'
SELECT * FROM orders o JOIN customers c ON c.id = o.customer WHERE c.country = 'IS'
SELECT * FROM orders o JOIN customers c ON c.id = o.customer WHERE c.country = 'DE'
SELECT * FROM orders o JOIN customers c ON c.id = o.customer WHERE o.state = 'open' AND c.country = 'DE'
SELECT * FROM orders o JOIN customers c ON c.id = o.customer WHERE o.state = 'done' AND c.country = 'IS'
SELECT * FROM orders o JOIN customers c ON c.id = o.customer WHERE c.email = 'm7@example.com'
SELECT * FROM customers c LEFT JOIN orders o ON o.customer = c.id AND o.state = 'open'
SELECT * FROM order_lines l JOIN products p ON p.sku = l.product WHERE p.family = 'f3'
SELECT * FROM order_lines l JOIN products p ON p.sku = l.product JOIN orders o ON o.id = l.order_id WHERE o.state = 'open'
SELECT p.family, sum(l.amount) FROM order_lines l JOIN products p ON p.sku = l.product GROUP BY p.family
SELECT * FROM open_orders WHERE country = 'IS'
SELECT * FROM customers c WHERE EXISTS (SELECT 1 FROM orders o WHERE o.customer = c.id AND o.state = 'open')
SELECT * FROM customers WHERE id IN (SELECT customer FROM orders WHERE state = 'open')
SELECT * FROM orders o WHERE total > (SELECT avg(total) FROM orders i WHERE i.customer = o.customer)
SELECT l.* FROM order_lines l WHERE l.order_id IN (SELECT id FROM orders WHERE placed > '2020-07-20')
