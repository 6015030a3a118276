-- Neither SQLite nor PostgreSQL indexes the referring side of a foreign key by itself.

-- migrate:up
CREATE INDEX idx_orders_customer_id ON orders (customer_id);
CREATE INDEX idx_order_lines_order_id ON order_lines (order_id);

-- migrate:down
DROP INDEX idx_order_lines_order_id;
DROP INDEX idx_orders_customer_id;
