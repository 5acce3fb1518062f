What stands before the annotations is passed over;
-- +migrate Up
CREATE TABLE users (
  id int -- ends here;
);
-- +migrate Down
DROP TABLE users;
