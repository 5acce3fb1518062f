CREATE TABLE users (id bigserial);
