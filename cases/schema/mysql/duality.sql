-- JSON duality views (MySQL 9.4 and later).
CREATE TABLE author (id int PRIMARY KEY, name varchar(20));
CREATE JSON DUALITY VIEW author_dv AS SELECT JSON_DUALITY_OBJECT('_id': id, 'name': name) FROM author;
