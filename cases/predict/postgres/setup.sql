CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TYPE pair AS (a integer, b text);
CREATE DOMAIN positive AS integer CHECK (VALUE > 0);
CREATE DOMAIN label AS text;
CREATE SCHEMA archive;
CREATE SEQUENCE ticket;
CREATE TABLE person (
  id bigint PRIMARY KEY,
  email varchar(100) NOT NULL UNIQUE,
  name text,
  code char(4),
  age integer,
  height smallint,
  balance numeric(10, 2) DEFAULT 0,
  ratio real,
  born date,
  created timestamp NOT NULL DEFAULT now(),
  seen timestamptz(3),
  lasted interval(2),
  flags varbit(8),
  net cidr,
  doc json,
  feeling mood,
  title label,
  rank positive,
  given integer CONSTRAINT given_there CHECK (given IS NOT NULL),
  tags varchar(20)[],
  upper_name text GENERATED ALWAYS AS (upper(name)) STORED
);
CREATE INDEX person_name_idx ON person (name);
CREATE INDEX person_created_idx ON person (created);
CREATE INDEX person_seen_idx ON person (seen) WHERE age > 3;
CREATE INDEX person_lower_idx ON person (lower(title));
CREATE TABLE bill (
  id bigserial PRIMARY KEY,
  person_id bigint NOT NULL REFERENCES person (id) ON DELETE CASCADE,
  amount integer CONSTRAINT bill_amount_check CHECK (amount > 0),
  note varchar(40),
  other bigint
);
CREATE INDEX bill_note_idx ON bill (note);
ALTER TABLE bill ADD CONSTRAINT bill_note_long CHECK (length(note) > 1) NOT VALID;
ALTER TABLE bill ADD CONSTRAINT bill_other_fkey FOREIGN KEY (other) REFERENCES person (id) NOT VALID;
CREATE TABLE lone (id integer, name text, at timestamptz);
CREATE TABLE named (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a integer NOT NULL, b text);
CREATE UNIQUE INDEX named_b ON named (b);
CREATE TABLE measure (id bigint NOT NULL, at date NOT NULL, kind text) PARTITION BY RANGE (at);
CREATE TABLE measure_2024 PARTITION OF measure FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE measure_2025 PARTITION OF measure FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE city (id integer NOT NULL, region text NOT NULL, PRIMARY KEY (id, region)) PARTITION BY LIST (region);
CREATE TABLE city_north PARTITION OF city FOR VALUES IN ('north');
CREATE TABLE city_other PARTITION OF city DEFAULT;
CREATE TABLE stray (id bigint NOT NULL, at date NOT NULL, kind text);
CREATE TABLE town (id integer NOT NULL, region text NOT NULL);
CREATE TABLE animal (id integer, kind text);
CREATE TABLE cat (lives integer) INHERITS (animal);
CREATE VIEW grown AS SELECT id, name FROM person WHERE born IS NOT NULL;
CREATE VIEW grown_names AS SELECT name FROM grown;
CREATE MATERIALIZED VIEW totals AS SELECT person_id, sum(amount) AS total FROM bill GROUP BY person_id;
CREATE UNIQUE INDEX totals_person_idx ON totals (person_id);
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE FUNCTION unsteady() RETURNS integer LANGUAGE plpgsql VOLATILE AS $$ BEGIN RETURN 1; END $$;
CREATE FUNCTION steady() RETURNS integer LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN 1; END $$;
CREATE TRIGGER lone_stamp BEFORE UPDATE ON lone FOR EACH ROW EXECUTE FUNCTION stamp();
CREATE STATISTICS lone_numbers (ndistinct) ON id, name FROM lone;
