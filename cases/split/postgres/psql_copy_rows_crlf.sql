CREATE TABLE note_crlf (id int, body text);
COPY note_crlf FROM stdin;
1	a;
\.
SELECT 1;
