CREATE TABLE upload (alias text NOT NULL);
ALTER TABLE upload RENAME TO image;
