--! Previous: -
--! Hash: sha1:89f8fc3268c0c67d389588b1e964c388409c92fb

create schema app;
create table app.users (id serial primary key);
alter schema app owner to :DATABASE_OWNER;
grant usage on schema app to :APP, :APP_ADMIN;
grant select on app.users to :APP_VISITOR;
grant connect on database :DATABASE_NAME to :APP;
select 1::INTEGER;
