UPDATE orders SET total = 0 WHERE state = 'open';
