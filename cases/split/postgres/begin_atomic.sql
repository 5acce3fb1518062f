CREATE TABLE visit (id int, seen boolean);
CREATE FUNCTION see(which int) RETURNS text LANGUAGE sql
BEGIN ATOMIC
    UPDATE visit SET seen = true WHERE id = which;
    SELECT CASE WHEN which > 0 THEN CASE WHEN seen THEN 'twice;' ELSE 'once' END ELSE 'never' END FROM visit;
    SELECT (CASE which WHEN 1 THEN 'one' END) || 'more;';
END;
create or replace procedure forget(which int)
language sql
begin atomic
    delete from visit where id = which; -- end
    insert into visit values (which, (select case when true then false end));
end;
CREATE FUNCTION one() RETURNS int LANGUAGE sql RETURN 1;
CREATE OR REPLACE FUNCTION nothing() RETURNS void LANGUAGE sql BEGIN ATOMIC END;
SELECT see(1), one();
