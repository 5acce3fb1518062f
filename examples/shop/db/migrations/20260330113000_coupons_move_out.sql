-- migrate:up
CREATE TABLE coupon (
  order_id bigint PRIMARY KEY REFERENCES orders (id),
  code text NOT NULL
);
INSERT INTO coupon (order_id, code) SELECT id, coupon FROM orders WHERE coupon IS NOT NULL;
ALTER TABLE orders DROP COLUMN coupon;
ALTER TABLE orders ADD COLUMN channel text;
UPDATE orders SET channel = 'web';

-- migrate:down
ALTER TABLE orders DROP COLUMN channel;
ALTER TABLE orders ADD COLUMN coupon text;
DROP TABLE coupon;
