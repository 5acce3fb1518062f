-- Partitions of every level, and what is handed down to them.
CREATE TABLE measured (id bigint NOT NULL, at date NOT NULL, kind text DEFAULT 'x', value numeric CHECK (value > 0)) PARTITION BY RANGE (at);
CREATE TABLE measured_2024 PARTITION OF measured FOR VALUES FROM ('2024-01-01') TO ('2025-01-01') PARTITION BY LIST (kind);
CREATE TABLE measured_2024_a PARTITION OF measured_2024 FOR VALUES IN ('a', 'b');
CREATE TABLE measured_2024_rest PARTITION OF measured_2024 DEFAULT;
-- Another order of columns, another default, an index and a constraint with names of its own.
CREATE TABLE measured_2025 (gone integer, kind text, value numeric CONSTRAINT measured_value_check CHECK (value > 0), at date NOT NULL, id bigint DEFAULT 5 NOT NULL);
ALTER TABLE measured_2025 DROP COLUMN gone;
CREATE INDEX own_index ON measured_2025 (kind);
ALTER TABLE measured_2025 ADD CONSTRAINT own_key PRIMARY KEY (id, at, kind);
ALTER TABLE measured ATTACH PARTITION measured_2025 FOR VALUES FROM ('2025-01-01') TO (MAXVALUE);
CREATE INDEX by_kind ON measured (kind);
ALTER TABLE measured ADD PRIMARY KEY (id, at, kind);
CREATE TABLE kinds (kind text PRIMARY KEY);
ALTER TABLE measured_2025 ADD CONSTRAINT own_reference FOREIGN KEY (kind) REFERENCES kinds;
ALTER TABLE measured ADD FOREIGN KEY (kind) REFERENCES kinds;
CREATE TABLE notes (measured_id bigint, measured_at date, measured_kind text,
    FOREIGN KEY (measured_id, measured_at, measured_kind) REFERENCES measured);
CREATE TABLE hashed (id integer, part integer) PARTITION BY HASH (id, (part + 1));
CREATE TABLE hashed_0 PARTITION OF hashed FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE hashed_1 PARTITION OF hashed FOR VALUES WITH (MODULUS 2, REMAINDER 1) WITH (fillfactor = 80);
CREATE INDEX only_above ON ONLY hashed (part);
CREATE INDEX below ON hashed_0 (part);
ALTER INDEX only_above ATTACH PARTITION below;
CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TRIGGER handed_down AFTER INSERT ON measured FOR EACH ROW EXECUTE FUNCTION noted();
ALTER TABLE measured_2025 DISABLE TRIGGER handed_down;
CREATE TRIGGER own AFTER INSERT OR UPDATE OF kind ON measured_2025 FOR EACH ROW EXECUTE FUNCTION noted();
