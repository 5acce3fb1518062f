CREATE TABLE image (alias text NOT NULL, person integer, thumbnail integer);
ALTER TABLE image ADD CONSTRAINT upload_pkey PRIMARY KEY (alias);
CREATE INDEX upload_owner ON image (person);
