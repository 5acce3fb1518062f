DO $$ BEGIN PERFORM 1; END $$;
CREATE FUNCTION outer_one() RETURNS text LANGUAGE plpgsql AS $body$
DECLARE
    inner_text text := $$a; b$$;
BEGIN
    EXECUTE $sql$ SELECT $$x;$$ $sql$; -- it's fine
    RETURN inner_text || $a$ $b$ ; $a$;
END;
$body$;
SELECT $$$$, $$'$$, $_$;$_$, $tag$ $ $tag $tag$, $é$;$é$;
PREPARE pick (int, int) AS SELECT $1+$2;
EXECUTE pick (1, 2);
CREATE TABLE price$$ (a$b int, c$ int);
SELECT a$b, c$, $$;$$ FROM price$$;
