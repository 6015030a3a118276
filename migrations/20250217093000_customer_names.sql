-- Letters to customers begin with the given name. Names follow no grammar that SQL knows, so a plugin splits them:
-- plugins/split-name, compiled to plugins/split-name.wasm; dunlin.toml tells it which column holds the full name.

-- migrate:up
ALTER TABLE customers ADD COLUMN given_name text;
ALTER TABLE customers ADD COLUMN family_name text;

-- migrate:backfill plugin=split-name table=customers

-- migrate:down
ALTER TABLE customers DROP COLUMN family_name;
ALTER TABLE customers DROP COLUMN given_name;
