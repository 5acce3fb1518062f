/* one; */ SELECT 1; -- two; '
--	three; "
--
SELECT 2 -- four;
, 3; # five; `
SELECT 4 /* six; /* ; */, 5 /**/;
SELECT 6 /* -- seven; */ # eight; */
;
SELECT /*+ MAX_EXECUTION_TIME(1000) ; */ 7;
-- the last;
