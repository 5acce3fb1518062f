-- One in the middle is another, and a new one comes first: those behind are made anew, so that they fire behind.
CREATE TABLE t (a int);
CREATE TRIGGER zero BEFORE INSERT ON t FOR EACH ROW SET @x = 0;
CREATE TRIGGER one BEFORE INSERT ON t FOR EACH ROW SET @x = 1;
CREATE TRIGGER two BEFORE INSERT ON t FOR EACH ROW BEGIN SET @x = 22; END;
CREATE TRIGGER three BEFORE INSERT ON t FOR EACH ROW SET @x = 3;
