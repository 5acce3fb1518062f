SELECT c.name, x.* FROM customer c JOIN LATERAL (SELECT o.id, o.total FROM orders o WHERE o.customer_id = c.id ORDER BY o.total DESC LIMIT 2) x ON true WHERE c.country = 'de';
