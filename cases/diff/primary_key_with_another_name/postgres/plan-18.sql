
-- Build or remove indexes without blocking writes.
CREATE UNIQUE INDEX CONCURRENTLY r17 ON app.t8 USING btree (id);

-- Change definitions in one transaction.
BEGIN;
ALTER TABLE app.t8 DROP CONSTRAINT pk9;
ALTER TABLE app.t8 ADD CONSTRAINT r17 PRIMARY KEY USING INDEX r17;
COMMIT;
