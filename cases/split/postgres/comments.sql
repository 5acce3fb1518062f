-- A semicolon; in a comment ends nothing.
/* Nor here; /* nor in a nested one; */ nor behind it; */
CREATE TABLE shelf (
    id int, -- the key; not a serial
    label text /* what is /* written; */ on it */
); -- behind the statement
/* alone */ ;
SELECT 1 /**/ + /***/ 2 -- no separator behind this one
;
SELECT 5 - -1, 5 -/* minus */-1, '/* no comment; */', "*/" FROM (SELECT 1 AS "*/") AS s -- ; '
