-- What MariaDB has since its major version 11: vectors, typed sequences, comments on databases.
CREATE SEQUENCE small AS smallint UNSIGNED START WITH 3;
CREATE TABLE v (id int PRIMARY KEY, e vector(4) NOT NULL, VECTOR KEY near (e) M=6 DISTANCE=cosine);
