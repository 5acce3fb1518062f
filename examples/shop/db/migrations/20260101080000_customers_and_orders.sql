-- migrate:up
CREATE TABLE customer (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  email text NOT NULL UNIQUE,
  name varchar(80) NOT NULL,
  phone text,
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE product (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  title text NOT NULL,
  price_cents integer NOT NULL CHECK (price_cents >= 0)
);

CREATE TABLE orders (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  customer_id bigint NOT NULL REFERENCES customer (id),
  total_cents integer NOT NULL DEFAULT 0,
  coupon text,
  placed_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE order_line (
  order_id bigint NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
  line integer NOT NULL,
  product_id bigint,
  quantity integer NOT NULL CHECK (quantity > 0),
  PRIMARY KEY (order_id, line)
);

-- migrate:down
DROP TABLE order_line;
DROP TABLE orders;
DROP TABLE product;
DROP TABLE customer;
