CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE DOMAIN positive AS integer CHECK (VALUE > 0);
CREATE TABLE account (
  id bigint PRIMARY KEY,
  email text NOT NULL UNIQUE,
  name varchar(50),
  age integer,
  balance numeric(10, 2) DEFAULT 0,
  created_at timestamp NOT NULL DEFAULT now(),
  nickname text,
  score integer NOT NULL DEFAULT 1,
  rank positive
);
CREATE INDEX account_name_idx ON account (name);
CREATE INDEX account_created_at_idx ON account (created_at);
CREATE TABLE purchase (
  id bigserial PRIMARY KEY,
  account_id bigint REFERENCES account (id) ON DELETE CASCADE,
  amount integer CONSTRAINT purchase_amount_check CHECK (amount > 0),
  note text,
  buyer bigint
);
CREATE TABLE event (id bigint NOT NULL, at date NOT NULL, kind text) PARTITION BY RANGE (at);
CREATE TABLE event_2024 PARTITION OF event FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE event_rest PARTITION OF event DEFAULT;
CREATE TABLE stray (id bigint NOT NULL, at date NOT NULL, kind text);
CREATE VIEW adult AS SELECT id, name FROM account WHERE age >= 18;
CREATE MATERIALIZED VIEW spent AS SELECT account_id, sum(amount) AS total FROM purchase GROUP BY account_id;
CREATE UNIQUE INDEX spent_account_id_idx ON spent (account_id);
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE FUNCTION add_flag(what text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('ALTER TABLE %I ADD COLUMN flag boolean', what);
END $$;
CREATE FUNCTION unsteady() RETURNS integer LANGUAGE plpgsql VOLATILE AS $$ BEGIN RETURN 1; END $$;
