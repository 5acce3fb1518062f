INSERT INTO log (n) VALUES (1), (2);
