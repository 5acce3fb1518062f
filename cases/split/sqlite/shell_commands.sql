.bail on
# a comment of the shell's own; it ends nothing
CREATE TABLE t (a);
  -- between
.mode csv ; really
INSERT INTO t VALUES (1
.5);
.read other.sql
SELECT 1; .5 is no command here
;
.quit
