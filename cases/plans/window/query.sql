SELECT id, row_number() OVER (PARTITION BY customer_id ORDER BY placed_at) FROM orders WHERE state = 'paid';
