COPY users (id) FROM STDIN;
1
2
\.
SELECT 1;
