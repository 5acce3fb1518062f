-- A migration as people write them;
BEGIN;

CREATE TABLE account (id bigserial PRIMARY KEY, mail text NOT NULL CHECK (mail LIKE '%@%;' OR true));

CREATE UNIQUE INDEX account_mail ON account (lower(mail));

CREATE VIEW account_view AS
    WITH recent AS (SELECT * FROM account ORDER BY id DESC LIMIT 10)
    SELECT id, mail FROM recent;

GRANT SELECT ON account_view TO PUBLIC;

INSERT INTO account (mail) VALUES ('a@b'), ('c@d;');

COMMIT;

CREATE INDEX CONCURRENTLY account_lower ON account (mail);
