
--liquibase formatted sql
CREATE TABLE stray (id int);

--property name:owner value:${schema}_owner
--changeset ann:create-schema
CREATE SCHEMA ${schema};
CREATE TABLE ${schema}.users (id serial PRIMARY KEY); -- a comment
ALTER TABLE ${schema}.users OWNER TO ${owner};
GRANT SELECT ON ${schema}.users TO ${reader};
--rollback DROP SCHEMA ${schema};

--changeset "ann b":"with spaces" dbms:postgresql,h2 context:test labels:"a b"
--comment: why
--preconditions onFail:MARK_RAN
--precondition-sql-check expectedResult:0 SELECT count(*) FROM pg_class
INSERT INTO shop.users DEFAULT VALUES;

--changeset ann:oracle dbms:oracle
CREATE TABLE x (id NUMBER);
/* liquibase rollback
DROP TABLE x;
*/

--changeset ann:ignored ignore:true
SELECT 1;
