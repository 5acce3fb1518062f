-- from 18
CREATE EXTENSION btree_gist;
CREATE TABLE rooms (id integer, during tsrange, CONSTRAINT rooms_key PRIMARY KEY (id, during WITHOUT OVERLAPS));
CREATE TABLE bookings (room integer, during tsrange, FOREIGN KEY (room, PERIOD during) REFERENCES rooms (id, PERIOD during));
CREATE TABLE loose (
    a integer CONSTRAINT "must have a" NOT NULL,
    b integer CONSTRAINT not_below NOT NULL NO INHERIT,
    c integer,
    twice integer GENERATED ALWAYS AS (a * 2) VIRTUAL,
    CONSTRAINT wished CHECK (a > 0) NOT ENFORCED
);
ALTER TABLE loose ADD CONSTRAINT some_day NOT NULL c NOT VALID;
CREATE TABLE below (d integer NOT NULL) INHERITS (loose);
CREATE TABLE also_below (CONSTRAINT "must have a" NOT NULL a) INHERITS (loose);
CREATE TABLE whole (a integer NOT NULL, b integer CONSTRAINT named NOT NULL) PARTITION BY LIST (a);
CREATE TABLE whole_1 PARTITION OF whole FOR VALUES IN (1);
CREATE TABLE whole_2 (b integer CONSTRAINT otherwise NOT NULL, a integer NOT NULL);
ALTER TABLE whole ATTACH PARTITION whole_2 FOR VALUES IN (2);
CREATE TABLE wanted (id integer PRIMARY KEY, other integer, CONSTRAINT unchecked FOREIGN KEY (other) REFERENCES wanted NOT ENFORCED);
