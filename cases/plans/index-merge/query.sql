SELECT * FROM orders WHERE customer_id = 7 OR reference = 'r9';
