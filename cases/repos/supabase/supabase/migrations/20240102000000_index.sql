CREATE INDEX CONCURRENTLY profiles_name ON profiles (name);
ALTER TABLE profiles ADD COLUMN avatar text;
