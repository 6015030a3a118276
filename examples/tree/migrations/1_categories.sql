-- migrate:up
CREATE TABLE categories (id integer PRIMARY KEY, parent_id integer, name text NOT NULL, path text);
INSERT INTO categories VALUES
  (1, NULL, 'shop', 'shop'),
  (2, 1, 'garden', 'shop/garden'),
  (3, 1, 'tools', 'shop/tools'),
  (4, 3, 'saws', 'shop/tools/saws'),
  (5, 4, 'chains', 'shop/tools/saws/chains');

-- migrate:down
DROP TABLE categories;
