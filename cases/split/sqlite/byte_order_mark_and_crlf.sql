-- made elsewhere; with another editor
CREATE TABLE window_sill (
    id int, -- one;
    label text
);

INSERT INTO window_sill VALUES (1, 'two
lines;');
SELECT 1
