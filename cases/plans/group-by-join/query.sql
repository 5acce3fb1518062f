SELECT o.state, c.country, sum(i.price) FROM orders o JOIN customer c ON c.id = o.customer_id JOIN item i ON i.order_id = o.id GROUP BY o.state, c.country WITH ROLLUP;
