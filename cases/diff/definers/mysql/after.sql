-- contains: DEFINER=`diff_owner`@`localhost`
CREATE USER IF NOT EXISTS diff_owner@localhost ACCOUNT LOCK;
CREATE TABLE t (a int);
CREATE DEFINER=diff_owner@localhost VIEW v AS SELECT a FROM t;
CREATE DEFINER=diff_owner@localhost FUNCTION f() RETURNS int DETERMINISTIC RETURN 1;
CREATE DEFINER=diff_owner@localhost TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 1;
CREATE DEFINER=diff_owner@localhost EVENT e ON SCHEDULE EVERY 1 DAY DO SET @x = 1;
