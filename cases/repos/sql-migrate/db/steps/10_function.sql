-- +migrate Up
-- +migrate StatementBegin
CREATE FUNCTION one() RETURNS int AS $$
BEGIN
  RETURN 1;
END;
$$ LANGUAGE plpgsql;
-- +migrate StatementEnd
-- this comment is thrown away;
SELECT one();
