CREATE TABLE begin (end int, begin int, `case` int);
CREATE TABLE trigger_event (event int);
SELECT end, begin AS end, CASE end WHEN 1 THEN end ELSE begin END AS begin FROM begin;
CREATE PROCEDURE event(end int)
BEGIN
  INSERT INTO begin (begin, end) VALUES (1, 2);
  UPDATE begin SET end = 1 WHERE begin > 2;
  IF end > 1 THEN SELECT end; END IF;
  IF CASE WHEN end THEN end ELSE 1 END THEN SELECT begin.end FROM begin; END IF;
  WHILE end DO SET end = 0; END WHILE;
  CASE end WHEN 1 THEN SELECT 1; ELSE SELECT 2; END CASE;
END;
CREATE VIEW v AS SELECT IF(1, 2, 3) AS a, REPEAT('a;', 2) AS b;
CREATE INDEX begin ON begin (begin);
ALTER TABLE begin RENAME TO do;
