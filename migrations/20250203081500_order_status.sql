-- What was read from paid_at until now becomes a status that the shop can extend.

-- migrate:up
ALTER TABLE orders ADD COLUMN status text;

UPDATE orders
SET status = CASE WHEN paid_at IS NULL THEN 'pending' ELSE 'paid' END
WHERE status IS NULL;

-- migrate:down
ALTER TABLE orders DROP COLUMN status;
