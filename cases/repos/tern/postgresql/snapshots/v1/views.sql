create view somebody as select * from users;
