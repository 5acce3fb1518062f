INSERT INTO archive SELECT * FROM orders o WHERE o.customer_id IN (SELECT id FROM customer WHERE name LIKE 'name 1%') ORDER BY o.placed_at LIMIT 100;
