\set QUIET on
\set label 'a;b' \echo :label \\ SELECT 1;
\restrict abc123
\unrestrict abc123
  \timing off
SELECT 2 \; SELECT 3;
SELECT 4 AS four \gset
SELECT 5
\g
\if true
SELECT 6
    + 1;
\endif
SELECT 'no \echo command;' AS "\i x", $$\! ls;$$ -- \i neither;
    , 7
\echo in between; and not in the way
    , 8;
SELECT 9
\echo at the end
;
\echo `date`; \i other.sql
\! echo it's; \i this is all one command
