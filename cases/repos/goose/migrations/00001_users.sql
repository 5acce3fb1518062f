-- +goose Up
CREATE TABLE users (
  id int -- ends here;
);
INSERT INTO users VALUES (1); INSERT INTO users VALUES (2);
-- +goose StatementBegin
CREATE FUNCTION one() RETURNS int AS $$
BEGIN
  RETURN 1;
END;
$$ LANGUAGE plpgsql;
-- +goose StatementEnd

-- +goose Down
DROP FUNCTION one;
DROP TABLE users;
