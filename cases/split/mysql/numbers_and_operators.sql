CREATE TABLE 1a (2b int, 3e int, 0x int, `e` json);
SELECT 1e1, 1E+1, 1.5e-3, .5, 1., 1a.2b, 1a.3e, 1a.0x FROM 1a;
SELECT 5--1, 5---1, 5*-1, 1<=>2, 1<>2, 1!=2, 1<<2, NOT!0 FROM 1a WHERE 1||0&&1;
SELECT e->'$.a;b', e->>"$.c;" FROM 1a;
SET @a:=1, @b_1.c$=2;
SELECT @a:=@b_1.c$, @@sql_mode, @@session.sql_mode, @@global.max_connections, @@`autocommit`;
