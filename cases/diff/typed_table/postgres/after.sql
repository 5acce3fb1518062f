CREATE TYPE row_of AS (a integer, b text, c date);
CREATE TABLE t OF row_of;
