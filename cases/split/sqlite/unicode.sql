CREATE TABLE größe ("Straße;" text, 名前 text);
INSERT INTO größe VALUES ('Ω;😀', '—');
SELECT 名前, "Straße;" FROM größe -- 😀;
WHERE 名前 <> '—;';
/* 終わり; */
