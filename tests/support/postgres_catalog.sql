-- Every object of a PostgreSQL database, a line for each fact, except what comes with the server and its extensions.
-- Positions of columns are counted without dropped ones; nothing here is an OID or depends on one.
SET search_path = pg_catalog;

CREATE TEMPORARY VIEW own_schema AS
SELECT oid, nspname AS name, nspacl FROM pg_namespace
WHERE nspname NOT LIKE 'pg\_%' AND nspname <> 'information_schema';

CREATE TEMPORARY VIEW own_class AS
SELECT c.*, s.name || '.' || c.relname AS name FROM pg_class c JOIN own_schema s ON s.oid = c.relnamespace
WHERE NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e');

SELECT 'schema', name, nspacl FROM own_schema;

SELECT 'extension', extname, extversion FROM pg_extension;

SELECT 'relation', name, relkind, relpersistence, relrowsecurity, relreplident, reloptions, relacl,
       obj_description(oid, 'pg_class')
FROM own_class WHERE relkind <> 'i';

SELECT 'column', c.name, row_number() OVER (PARTITION BY c.oid ORDER BY a.attnum), a.attname,
       format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid), a.attidentity,
       a.attgenerated, co.collname, a.attstorage, a.attcompression, a.attstattarget, a.attacl,
       replace(col_description(c.oid, a.attnum), E'\n', '\n')
FROM own_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
LEFT JOIN pg_collation co ON co.oid = a.attcollation
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f');

SELECT 'constraint', coalesce(c.name, format_type(o.contypid, NULL)), o.conname, o.contype,
       pg_get_constraintdef(o.oid), o.condeferrable, o.condeferred, o.convalidated,
       obj_description(o.oid, 'pg_constraint')
FROM pg_constraint o JOIN own_schema s ON s.oid = o.connamespace LEFT JOIN own_class c ON c.oid = o.conrelid;

SELECT 'index', c.name, pg_get_indexdef(c.oid), i.indisvalid, i.indisready, i.indisprimary, i.indisunique,
       i.indimmediate, i.indisclustered, i.indisreplident, obj_description(c.oid, 'pg_class')
FROM own_class c JOIN pg_index i ON i.indexrelid = c.oid;

SELECT 'sequence', c.name, format_type(q.seqtypid, NULL), q.seqstart, q.seqincrement, q.seqmin, q.seqmax,
       q.seqcache, q.seqcycle, o.relname, a.attname
FROM own_class c JOIN pg_sequence q ON q.seqrelid = c.oid
LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i')
LEFT JOIN pg_class o ON o.oid = d.refobjid
LEFT JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid;

SELECT 'trigger', c.name, replace(pg_get_triggerdef(t.oid), E'\n', '\n'), t.tgenabled, obj_description(t.oid, 'pg_trigger')
FROM own_class c JOIN pg_trigger t ON t.tgrelid = c.oid AND NOT t.tgisinternal;

SELECT 'view', name, replace(pg_get_viewdef(oid), E'\n', '\n') FROM own_class WHERE relkind IN ('v', 'm');

SELECT 'function', s.name, replace(pg_get_functiondef(p.oid), E'\n', '\n'), p.proacl, obj_description(p.oid, 'pg_proc')
FROM pg_proc p JOIN own_schema s ON s.oid = p.pronamespace
WHERE p.prokind IN ('f', 'p')
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e');

SELECT 'type', s.name, t.typname, t.typtype, t.typnotnull, format_type(t.typbasetype, t.typtypmod), t.typdefault,
       (SELECT string_agg(e.enumlabel, ',' ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid),
       obj_description(t.oid, 'pg_type')
FROM pg_type t JOIN own_schema s ON s.oid = t.typnamespace
WHERE t.typtype IN ('e', 'd', 'r', 'm')
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e');

SELECT 'policy', c.name, p.polname, p.polcmd, pg_get_expr(p.polqual, p.polrelid)
FROM own_class c JOIN pg_policy p ON p.polrelid = c.oid;

SELECT 'rule', c.name, replace(pg_get_ruledef(r.oid), E'\n', '\n')
FROM own_class c JOIN pg_rewrite r ON r.ev_class = c.oid AND r.rulename <> '_RETURN';

\echo ROWS
SELECT format(E'SELECT %L, replace(x::text, E''\\n'', ''\\n'') FROM %I.%I x', name, split_part(name, '.', 1), relname)
FROM own_class WHERE relkind IN ('r', 'p', 'm') ORDER BY name \gexec

SELECT 'value of', name, last_value FROM own_class c JOIN pg_sequences q ON q.schemaname || '.' || q.sequencename = c.name;
