UPDATE orders o JOIN customer c ON c.id = o.customer_id SET o.total = 0 WHERE c.name = 'name 7';
