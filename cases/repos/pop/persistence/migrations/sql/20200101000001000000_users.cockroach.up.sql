CREATE TABLE users (id UUID PRIMARY KEY, email VARCHAR(255), FAMILY "primary" (id, email));
