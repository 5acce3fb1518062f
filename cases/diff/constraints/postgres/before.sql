CREATE TABLE parent (id integer PRIMARY KEY, code text);
CREATE TABLE child (id integer, parent_id integer, amount integer, CONSTRAINT positive CHECK (amount > 0));
