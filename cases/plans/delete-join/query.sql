DELETE o FROM orders o LEFT JOIN customer c ON c.id = o.customer_id WHERE c.id IS NULL;
