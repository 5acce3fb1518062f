CREATE TABLE upload (alias text NOT NULL, owner integer);
ALTER TABLE upload ADD CONSTRAINT upload_pkey PRIMARY KEY (alias);
CREATE INDEX upload_owner ON upload (owner);
