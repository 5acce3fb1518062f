BEGIN;
CREATE TABLE {{ .Schema }}.notes (id int);
COMMIT;
