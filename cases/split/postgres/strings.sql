SELECT 'a;b', 'it''s;', '', '''', ''';''';
SELECT 'C:\';
SELECT E'\';', E'\\', e'it''s \' ;', E'';
SELECT U&'\0041;''' , u&'d!0061;' UESCAPE '!', N';', B'01', X'1F';
SELECT 'goes on'
  ' here;', E'a\''
  -- a comment may stand between
  'b;';
SELECT 'not E'';' AS e, 1 AS "a;b", 2 AS "quoted "" ;", 3 AS U&"\0061;";
SELECT 'last';
