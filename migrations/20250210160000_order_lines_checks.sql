-- SQLite cannot add a constraint to a table that exists, so the table is built anew and takes the old one's name. No
-- other table refers to order_lines; foreign keys stay enforced throughout.

-- migrate:up
CREATE TABLE order_lines_new (
    id integer PRIMARY KEY,
    order_id integer NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
    product text NOT NULL,
    quantity integer NOT NULL CHECK (quantity > 0),
    unit_price_cents integer NOT NULL CHECK (unit_price_cents >= 0)
);

INSERT INTO order_lines_new (id, order_id, product, quantity, unit_price_cents)
SELECT id, order_id, product, quantity, unit_price_cents FROM order_lines;

DROP TABLE order_lines;
ALTER TABLE order_lines_new RENAME TO order_lines;
CREATE INDEX idx_order_lines_order_id ON order_lines (order_id);

-- migrate:down
CREATE TABLE order_lines_old (
    id integer PRIMARY KEY,
    order_id integer NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
    product text NOT NULL,
    quantity integer NOT NULL,
    unit_price_cents integer NOT NULL
);

INSERT INTO order_lines_old (id, order_id, product, quantity, unit_price_cents)
SELECT id, order_id, product, quantity, unit_price_cents FROM order_lines;

DROP TABLE order_lines;
ALTER TABLE order_lines_old RENAME TO order_lines;
CREATE INDEX idx_order_lines_order_id ON order_lines (order_id);
