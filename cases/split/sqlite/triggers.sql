CREATE TABLE item (id integer PRIMARY KEY, name text, state text);
CREATE TABLE item_log (id integer, what text);
CREATE TRIGGER item_changed AFTER UPDATE OF name ON item
WHEN CASE WHEN NEW.name IS NULL THEN 0 ELSE 1 END
BEGIN
    INSERT INTO item_log VALUES (OLD.id, 'was; ' || OLD.name);
    -- END; is only a comment here
    UPDATE item SET state = CASE WHEN state IS NULL THEN CASE name WHEN 'a' THEN 'b' END ELSE 'end;' END WHERE id = NEW.id;
END;
create temp trigger /* ; */ item_added after insert on item begin
    select 1; end;
CREATE TEMPORARY TRIGGER IF NOT EXISTS item_gone BEFORE DELETE ON item BEGIN SELECT CASE WHEN 1 THEN raise(ignore) END; END;
INSERT INTO item (name) VALUES ('trigger'), ('END;');
EXPLAIN QUERY PLAN SELECT * FROM item;
CREATE TABLE "trigger" (x);
DROP TRIGGER item_changed;
BEGIN;
SELECT CASE 1 WHEN 1 THEN 2 END;
END;
