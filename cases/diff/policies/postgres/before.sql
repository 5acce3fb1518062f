CREATE TABLE t (id integer PRIMARY KEY, tenant integer, owner name);
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
CREATE POLICY altered ON t FOR SELECT TO reader USING (tenant > 1);
CREATE POLICY replaced ON t FOR UPDATE USING (tenant > 1) WITH CHECK (tenant > 2);
CREATE POLICY dropped ON t AS RESTRICTIVE USING (id > 0);
