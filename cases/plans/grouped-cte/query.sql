WITH t AS (SELECT customer_id, sum(total) s FROM orders GROUP BY customer_id) SELECT c.name, t.s FROM customer c JOIN t ON t.customer_id = c.id WHERE c.country = 'de' ORDER BY t.s DESC LIMIT 10;
