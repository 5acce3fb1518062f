
-- Update an extension, in a transaction of its own.
BEGIN;
ALTER EXTENSION hstore UPDATE TO '1.6';
COMMIT;
