SELECT id FROM orders WHERE state = 'paid' UNION SELECT id FROM item WHERE sku = 's1';
