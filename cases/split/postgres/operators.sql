CREATE OPERATOR +/ (LEFTARG = int, RIGHTARG = int, FUNCTION = int4pl);
SELECT ARRAY[1] @>--comment; still
ARRAY[1], 1*/* not an operator; */2, 3 +/ 4;
SELECT '{"a":1}'::jsonb ?| array['a;'], '{"a":1}'::jsonb #>> '{a}', 5 >=-1, 2^(-1), 3<-4;
SELECT 1 WHERE 'a' ~ ';' AND 'a' !~* E'\';' AND 2 OPERATOR(pg_catalog.=) 2;
SELECT (ARRAY[1,2,3])[1:2], 1.5e-3, .5, 1., 0.1e+2;
