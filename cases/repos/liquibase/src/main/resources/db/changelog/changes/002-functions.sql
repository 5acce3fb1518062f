--liquibase formatted sql
--changeset bob:1 splitStatements:false
CREATE FUNCTION one() RETURNS int AS $$ DECLARE a int; BEGIN RETURN 1; END $$ LANGUAGE plpgsql;
--changeset bob:2
CREATE FUNCTION two() RETURNS int AS $$ DECLARE a int; BEGIN RETURN 2; END $$ LANGUAGE plpgsql;
--changeset bob:3 endDelimiter:// stripComments:false
DO $$ DECLARE a int; BEGIN a := 1; END $$
//
SELECT 1;
//
--changeset bob:1
SELECT 2;
