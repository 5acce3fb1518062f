CREATE TABLE raw (id int);
CREATE INDEX raw_id ON raw (id);
