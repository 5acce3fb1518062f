-- migrate:up
ALTER TABLE order_line ADD CONSTRAINT order_line_product_id_fkey FOREIGN KEY (product_id) REFERENCES product (id);

-- migrate:down
ALTER TABLE order_line DROP CONSTRAINT order_line_product_id_fkey;
