
-- Change definitions in one transaction.
BEGIN;
ALTER FOREIGN TABLE public.far OPTIONS (SET table_name 'further', ADD schema_name 'x');
ALTER FOREIGN TABLE public.far ALTER COLUMN id TYPE bigint;
ALTER FOREIGN TABLE public.far ALTER COLUMN id OPTIONS (SET column_name 'Id');
ALTER FOREIGN DATA WRAPPER w OPTIONS (SET debug 'false', ADD more '1');
ALTER SERVER s VERSION '1.1' OPTIONS (DROP port, SET host 'b', ADD dbname 'd');
ALTER USER MAPPING FOR reader SERVER s OPTIONS (SET username 'z');
ALTER TABLE public.far ADD COLUMN b text;
CREATE SERVER new TYPE 't' FOREIGN DATA WRAPPER w;
CREATE FOREIGN TABLE public.nearer (
    id integer NOT NULL
) SERVER new;
CREATE USER MAPPING FOR PUBLIC SERVER new OPTIONS (username 'y');
ALTER SERVER new OWNER TO dbwright;
ALTER FOREIGN TABLE public.nearer OWNER TO dbwright;
GRANT USAGE ON FOREIGN SERVER s TO writer;
ALTER FOREIGN TABLE public.far DROP COLUMN a;
DROP SERVER gone;
DROP USER MAPPING FOR writer SERVER s;
REVOKE USAGE ON FOREIGN SERVER s FROM reader;
COMMIT;
