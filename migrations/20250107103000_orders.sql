-- migrate:up
CREATE TABLE orders (
    id integer PRIMARY KEY,
    customer_id integer NOT NULL REFERENCES customers (id),
    placed_at text NOT NULL,
    paid_at text
);

CREATE TABLE order_lines (
    id integer PRIMARY KEY,
    order_id integer NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
    product text NOT NULL,
    quantity integer NOT NULL,
    unit_price_cents integer NOT NULL
);

INSERT INTO orders (id, customer_id, placed_at, paid_at) VALUES
    (1, 1, '2025-01-07T11:02:00Z', '2025-01-07T11:04:00Z'),
    (2, 2, '2025-01-07T15:40:00Z', NULL),
    (3, 1, '2025-01-08T08:15:00Z', '2025-01-09T09:00:00Z');

INSERT INTO order_lines (id, order_id, product, quantity, unit_price_cents) VALUES
    (1, 1, 'Coffee beans, 1 kg', 2, 1890),
    (2, 1, 'Paper filters', 1, 450),
    (3, 2, 'Hand grinder', 1, 7900),
    (4, 3, 'Coffee beans, 1 kg', 1, 1890);

-- migrate:down
DROP TABLE order_lines;
DROP TABLE orders;
