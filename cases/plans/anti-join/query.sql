SELECT c.name, o.id FROM customer c LEFT JOIN orders o ON o.customer_id = c.id AND o.state = 'paid' WHERE o.id IS NULL;
