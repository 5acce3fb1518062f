\set ON_ERROR_STOP on
CREATE TABLE users (id bigserial PRIMARY KEY);
COPY users (id) FROM STDIN;
1
2
\.
