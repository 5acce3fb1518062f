UPDATE orders SET total = (SELECT count(*) FROM customer WHERE name LIKE 'x%') WHERE year(placed_at) = 2020;
