-- lost: gone: The position of the sequence is lost.
-- contains: ALTER SEQUENCE `kept`
CREATE SEQUENCE kept START WITH 5 INCREMENT BY 3 MAXVALUE 900 CACHE 5 CYCLE;
CREATE SEQUENCE fresh;
CREATE TABLE t (id int DEFAULT nextval(kept), a int DEFAULT nextval(fresh));
