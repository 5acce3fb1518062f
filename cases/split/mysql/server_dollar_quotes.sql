CREATE FUNCTION f(a int) RETURNS int LANGUAGE JAVASCRIPT AS $$ return ';'.length; $$;
CREATE FUNCTION g(a int) RETURNS int LANGUAGE JAVASCRIPT AS $js$ return '$$;'.length; $js$;
SELECT a$$b, c$d FROM (SELECT 1 AS a$$b, 2 AS c$d) AS e;
