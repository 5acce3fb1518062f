-- A migration as people write them;
PRAGMA foreign_keys = OFF;

BEGIN TRANSACTION;

CREATE TABLE account (id integer PRIMARY KEY, mail text NOT NULL);

CREATE TABLE account_new (id integer PRIMARY KEY, mail text NOT NULL CHECK (mail <> ';'));

INSERT INTO account_new (id, mail) SELECT id, mail FROM account;

DROP TABLE account;

ALTER TABLE account_new RENAME TO account;

CREATE UNIQUE INDEX account_mail ON account (lower(mail));

COMMIT;

PRAGMA foreign_keys(1);
