-- A semicolon; in a comment ends nothing.
/* Nor here; /* comments do not nest; */
CREATE TABLE shelf (
    id integer, -- the key; not a serial
    label text /* what is /* written; */
);
SELECT 5 - -1, 1 /* a; */ /**/ + 2 -- behind;
;
SELECT 'never', 6 /* an open comment at the end; is one all the same
