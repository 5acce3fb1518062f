UPDATE users SET name = 'a';
UPDATE users SET name = '${owner}';
