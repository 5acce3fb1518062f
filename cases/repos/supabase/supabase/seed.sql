INSERT INTO profiles (id) VALUES (gen_random_uuid());
