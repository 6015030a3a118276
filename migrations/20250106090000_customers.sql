-- A small shop, from its first table on. Every file can be run by hand, too: it is plain SQL.

-- migrate:up
CREATE TABLE customers (
    id integer PRIMARY KEY,
    name text NOT NULL,
    email text NOT NULL UNIQUE
);

INSERT INTO customers (id, name, email) VALUES
    (1, 'Ada Okafor', 'ada@example.org'),
    (2, 'Bruno Silva', 'bruno@example.org'),
    (3, 'Chiara Conti', 'chiara@example.org');

-- migrate:down
DROP TABLE customers;
