CREATE TABLE author (id int PRIMARY KEY, name varchar(20), born date);
CREATE JSON DUALITY VIEW author_dv AS SELECT JSON_DUALITY_OBJECT('_id': id, 'name': name, 'born': born) FROM author;
