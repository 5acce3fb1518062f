insert into app.users default values;
