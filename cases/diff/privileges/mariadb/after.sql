-- The procedure is made anew, and keeps who may run it.
-- contains: REVOKE GRANT OPTION ON TABLE `v`
-- contains: REVOKE INSERT (`b`), SELECT ON TABLE `t`
CREATE USER IF NOT EXISTS diff_reader@'%' ACCOUNT LOCK;
CREATE ROLE IF NOT EXISTS diff_role;
CREATE TABLE t (a int, b int, c int);
CREATE DEFINER=root@localhost VIEW v AS SELECT a FROM t;
CREATE DEFINER=root@localhost PROCEDURE p() SELECT 2;
GRANT INSERT (a), UPDATE (c), DELETE ON t TO diff_reader@'%';
GRANT SELECT ON v TO diff_reader@'%';
GRANT EXECUTE ON PROCEDURE p TO diff_role;
GRANT SELECT ON t TO diff_role;
