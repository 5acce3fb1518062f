create view everybody as select * from users;
