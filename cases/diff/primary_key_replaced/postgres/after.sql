CREATE TABLE parent (id integer, tenant integer NOT NULL, CONSTRAINT parent_pkey PRIMARY KEY (id) INCLUDE (tenant));
CREATE TABLE child (id integer PRIMARY KEY, parent_id integer REFERENCES parent (id));
