CREATE TABLE item (id int, name text)
;
CREATE TABLE item_log (id int, what text)
;
CREATE RULE item_deleted AS ON DELETE TO item DO ALSO (
    INSERT INTO item_log VALUES (OLD.id, 'gone;');
    -- and a second; one
    INSERT INTO item_log VALUES (OLD.id, ')');
)
;
CREATE RULE item_kept AS ON UPDATE TO item DO INSTEAD (SELECT 1;)
;
SELECT ((1)), (SELECT count(*) FROM item)
;
