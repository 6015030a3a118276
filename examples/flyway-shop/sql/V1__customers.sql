CREATE TABLE customers (
    id integer PRIMARY KEY,
    name text NOT NULL
);
INSERT INTO customers (name) VALUES ('Ada Okafor'), ('Bruno Silva');
