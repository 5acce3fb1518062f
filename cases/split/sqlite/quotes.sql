CREATE TABLE [odd; name] ("a;""b" text, `c;``d` text, [e;'f] text);
INSERT INTO [odd; name] VALUES ('it''s;', 'C:\', x'3b');
SELECT "a;""b", `c;``d`, [e;'f], ';' || '''' FROM [odd; name];
SELECT a$b FROM (SELECT 1 AS a$b);
