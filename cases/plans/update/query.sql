UPDATE orders SET total = 5 WHERE customer_id = 7;
