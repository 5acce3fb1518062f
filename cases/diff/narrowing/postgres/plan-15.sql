-- loses sequence lost: The sequence and its position are dropped.
-- loses table gone: The table and its rows are dropped.
-- loses column t.at: Its values change from timestamp with time zone to date: the time of day is lost.
-- loses column t.doc: Its values change from json to jsonb: white space, the order of keys and duplicate keys are lost.
-- loses column t.price: Its values change from numeric(10,2) to numeric(10,0): digits after the point are rounded away.

-- Change definitions in one transaction.
BEGIN;
DROP SEQUENCE public.lost;
DROP TABLE public.gone;
COMMIT;

-- Rewrite a table, with what hangs on it, in a transaction of its own.
BEGIN;
ALTER TABLE public.t ALTER COLUMN price TYPE numeric(10,0),
    ALTER COLUMN at TYPE date,
    ALTER COLUMN doc TYPE jsonb,
    ALTER COLUMN size TYPE integer;
COMMIT;
