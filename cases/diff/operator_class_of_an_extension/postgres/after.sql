CREATE EXTENSION pg_trgm;
CREATE TABLE recipient (id integer PRIMARY KEY, email text);
CREATE INDEX recipient_email_trgm ON recipient USING gin (email gin_trgm_ops);
