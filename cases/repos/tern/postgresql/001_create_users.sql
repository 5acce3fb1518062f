set search_path to public;
create table users (id serial primary key);
{{ template "shared/grants.sql" . }}
---- create above / drop below ----
drop table users;
