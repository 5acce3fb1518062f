--! Previous: sha1:0000000000000000000000000000000000000000
--! Hash: sha1:1111111111111111111111111111111111111111
--! AllowInvalidHash

alter table app.users add column seen date;
