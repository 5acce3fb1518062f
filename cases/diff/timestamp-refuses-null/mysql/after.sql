-- The server turns NULL into the current time without a word, even in strict mode.
-- lost: t.at: Values that are NULL become the moment of the change.
CREATE TABLE t (id int PRIMARY KEY, at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP);
