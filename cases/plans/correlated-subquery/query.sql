SELECT c.name, (SELECT sum(o.total) FROM orders o WHERE o.customer_id = c.id) s FROM customer c;
