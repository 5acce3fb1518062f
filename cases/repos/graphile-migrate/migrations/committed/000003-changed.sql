--! Previous: sha1:cd40f47994d40acc2307d35883739ee29d541824
--! Hash: sha1:0000000000000000000000000000000000000000
--! Message: changed

alter table app.users add column name text;
