CREATE TYPE row_of AS (a integer, b text);
CREATE TABLE t OF row_of;
