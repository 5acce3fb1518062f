CREATE TABLE users (id int);
ALTER TABLE users OWNER TO ${owner};
COMMENT ON TABLE users IS '${flyway:defaultSchema} of ${flyway:filename}';
