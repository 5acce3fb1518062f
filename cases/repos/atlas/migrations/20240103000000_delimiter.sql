-- atlas:delimiter -- end

CREATE FUNCTION one() RETURNS int LANGUAGE sql AS $$ SELECT 1; $$;
-- end

-- why
SELECT one();
-- end
