-- Nothing moves, so that each is replaced without being away.
-- contains: OR REPLACE
-- contains: FOR EACH ROW PRECEDES `two`
CREATE TABLE t (a int);
CREATE TRIGGER one BEFORE INSERT ON t FOR EACH ROW SET @x = 11;
CREATE TRIGGER two BEFORE INSERT ON t FOR EACH ROW SET @x = 2;
CREATE TRIGGER three AFTER INSERT ON t FOR EACH ROW SET @x = 33;
