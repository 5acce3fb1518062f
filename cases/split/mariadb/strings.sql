SELECT 'a;b', 'it''s;', 'back\\', 'quote\';', '\\\';', '';
SELECT "a;b", "say ""hi;""", "quote\";", "it's; 'x'", 'say "hi;"';
SELECT 'one;' 'two;'
  'three;';
SELECT N'n;', n'n\';', _utf8mb4'u;', _binary"b;", X'3B', x'3b', B'1', b'0', 0x3B, 0b1;
SELECT `a;``b`, `c\` FROM (SELECT 1 AS `a;``b`, 2 AS `c\`) AS d;
SELECT '
-- no comment;
/* none;
', 1;
SET @`a;b` = 1, @'c;d' = ';', @"e\";f" = 2;
