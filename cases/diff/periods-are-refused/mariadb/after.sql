-- refused: a: Periods of tables (PERIOD FOR) can't be added, changed or dropped. Make the change by hand.
CREATE TABLE a (x date NOT NULL, y date NOT NULL, PERIOD FOR stay (x, y));
