--! Previous: sha1:89f8fc3268c0c67d389588b1e964c388409c92fb
--! Hash: sha1:cd40f47994d40acc2307d35883739ee29d541824
--! Message: index

--! no-transaction
create index concurrently users_id on app.users (id);
