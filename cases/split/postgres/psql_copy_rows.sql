CREATE TABLE note (id int, body text);
COPY note (id, body) FROM stdin;
1	a;b
2	it's "quoted" $$ -- no comment
3	\N
\.

-- Rows of nothing.
COPY note FROM STDIN; -- they begin on the next line;
\.
COPY note FROM STDIN WITH (FORMAT csv, DELIMITER ';');
4;"\. is not the end
"
5;'
\.
COPY note TO STDOUT;
COPY note FROM STDIN; COPY note FROM STDIN;
6	six
\.
7	seven
\.
SELECT count(*) FROM note;
