-- superuser
CREATE FOREIGN DATA WRAPPER w OPTIONS (debug 'false', more '1');
CREATE SERVER s VERSION '1.1' FOREIGN DATA WRAPPER w OPTIONS (host 'b', dbname 'd');
CREATE SERVER new TYPE 't' FOREIGN DATA WRAPPER w;
CREATE USER MAPPING FOR reader SERVER s OPTIONS (username 'z');
CREATE USER MAPPING FOR PUBLIC SERVER new OPTIONS (username 'y');
CREATE FOREIGN TABLE far (id bigint OPTIONS (column_name 'Id'), b text) SERVER s OPTIONS (table_name 'further', schema_name 'x');
CREATE FOREIGN TABLE nearer (id integer NOT NULL) SERVER new;
GRANT USAGE ON FOREIGN SERVER s TO writer;
