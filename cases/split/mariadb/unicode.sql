CREATE TABLE größe (名前 varchar(10), `ключ;` int, $a int) DEFAULT CHARSET=utf8mb4;
INSERT INTO größe VALUES ('名;前', 1, 2); -- ключ;
SELECT 名前, größe.`ключ;`, $a FROM größe WHERE 名前 <> '😀;';
