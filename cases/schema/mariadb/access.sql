-- Who may do what, and by whose rights code runs. The accounts belong to the server.
CREATE USER IF NOT EXISTS reader@'%' IDENTIFIED BY 'x';
CREATE USER IF NOT EXISTS 'o''brien'@'10.0.0.%' IDENTIFIED BY 'x';
CREATE ROLE IF NOT EXISTS writers;
CREATE TABLE t (a int, b int);
CREATE DEFINER=root@localhost VIEW v AS SELECT a FROM t;
CREATE DEFINER=reader@'%' VIEW of_reader AS SELECT b FROM t;
CREATE DEFINER=root@localhost PROCEDURE p() SELECT 1;
CREATE DEFINER=root@localhost FUNCTION f(x int) RETURNS int DETERMINISTIC RETURN x;
GRANT SELECT ON t TO reader@'%';
GRANT INSERT (a), UPDATE (a, b) ON t TO reader@'%';
GRANT SELECT, SHOW VIEW ON v TO 'o''brien'@'10.0.0.%' WITH GRANT OPTION;
GRANT SELECT, INSERT, DELETE ON t TO writers;
GRANT EXECUTE ON PROCEDURE p TO reader@'%';
GRANT EXECUTE, ALTER ROUTINE ON FUNCTION f TO writers WITH GRANT OPTION;
