CREATE TABLE author (id int PRIMARY KEY, name varchar(20));
