-- +goose Up
-- +goose ENVSUB ON
GRANT SELECT ON users TO ${APP_ROLE};
-- +goose ENVSUB OFF
COMMENT ON TABLE users IS '${NOT_PUT_IN}';
