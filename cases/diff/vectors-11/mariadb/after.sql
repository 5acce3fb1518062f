CREATE TABLE t (id int PRIMARY KEY, e vector(4) NOT NULL, VECTOR KEY near (e) M=6 DISTANCE=cosine);
