CREATE TABLE parent (id integer PRIMARY KEY, code text, CONSTRAINT parent_code UNIQUE (code));
CREATE TABLE child (
    id integer, parent_id integer, amount integer,
    CONSTRAINT child_pkey PRIMARY KEY (id),
    CONSTRAINT positive CHECK (amount >= 0),
    CONSTRAINT to_parent FOREIGN KEY (parent_id) REFERENCES parent (id) ON DELETE CASCADE
);
