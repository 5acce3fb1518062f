INSERT INTO users VALUES ('café');
