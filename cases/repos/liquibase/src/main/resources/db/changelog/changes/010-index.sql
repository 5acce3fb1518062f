--liquibase formatted sql
--changeset bob:index runInTransaction:false
CREATE INDEX CONCURRENTLY users_id ON shop.users (id);
--ignoreLines:2
CREATE INDEX ignored_1 ON shop.users (id);
CREATE INDEX ignored_2 ON shop.users (id);
--changeset bob:both runInTransaction:false splitStatements:false
ANALYZE shop.users;
VACUUM shop.users;
--changeset bob:none
--changeset bob
SELECT 3;
-- changeset: bad
