create extension if not exists pgcrypto;
grant connect on database :DATABASE_NAME to :DATABASE_OWNER;
