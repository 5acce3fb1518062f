UPDATE orders SET placed_at = now() WHERE placed_at < '2020-01-02' AND state = 'done' ORDER BY placed_at LIMIT 50;
