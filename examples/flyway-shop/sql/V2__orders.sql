CREATE TABLE orders (
    id integer PRIMARY KEY,
    customer_id integer NOT NULL REFERENCES customers (id),
    cents integer NOT NULL
);
INSERT INTO orders (customer_id, cents) VALUES (1, 1250), (1, 300), (2, 990);
