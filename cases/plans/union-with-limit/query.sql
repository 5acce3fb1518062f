SELECT id FROM orders WHERE state = 'paid' UNION ALL SELECT id FROM item WHERE sku = 's1' ORDER BY id LIMIT 5;
