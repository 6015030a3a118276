SELECT 'database' AS kind, 'settings' AS name, NULL AS part, NULL AS part_name,
       pg_encoding_to_char(d.encoding) AS encoding, d.datcollate AS collation, d.datctype AS "character type",
       (SELECT string_agg(setting, ', ' ORDER BY setting)
        FROM pg_db_role_setting s, unnest(s.setconfig) setting
        WHERE s.setdatabase = d.oid AND s.setrole = 0) AS settings
FROM pg_database d WHERE d.datname = current_database();

SELECT 'schema', quote_ident(n.nspname), NULL, NULL, {{owner n.nspowner}} AS owner,
       obj_description(n.oid, 'pg_namespace') AS comment
FROM pg_namespace n WHERE {{own}} AND {{free pg_namespace n.oid}};

SELECT {{kind}}, {{relation}}, NULL, NULL,
       CASE c.relpersistence WHEN 'u' THEN 'unlogged' END AS persistence,
       CASE WHEN m.amname <> 'heap' THEN m.amname END AS "access method",
       array_to_string(c.reloptions, ', ') AS options,
       array_to_string(o.reloptions, ', ') AS "TOAST options",
       s.spcname AS tablespace,
       CASE WHEN c.relforcerowsecurity THEN 'forced' WHEN c.relrowsecurity THEN 'enabled' END AS "row security",
       CASE c.relreplident WHEN 'n' THEN CASE WHEN c.relkind IN ('r', 'p') THEN 'nothing' END WHEN 'f' THEN 'full'
       WHEN 'i' THEN (SELECT 'index ' || i.indexrelid::regclass FROM pg_index i
                      WHERE i.indrelid = c.oid AND i.indisreplident) END AS "replica identity",
       CASE WHEN c.reloftype <> 0 THEN format_type(c.reloftype, NULL) END AS "of type",
       (SELECT string_agg(i.inhparent::regclass::text, ', ' ORDER BY i.inhseqno)
        FROM pg_inherits i WHERE i.inhrelid = c.oid) AS inherits,
       pg_get_expr(c.relpartbound, c.oid) AS "partition bound",
       CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END AS "partition key",
       CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END AS definition,
       CASE WHEN c.relkind = 'm' AND NOT c.relispopulated THEN 'no' END AS populated,
       (SELECT f.srvname FROM pg_foreign_table t JOIN pg_foreign_server f ON f.oid = t.ftserver
        WHERE t.ftrelid = c.oid) AS server,
       (SELECT array_to_string(t.ftoptions, ', ') FROM pg_foreign_table t WHERE t.ftrelid = c.oid) AS "foreign options",
       {{owner c.relowner}} AS owner,
       obj_description(c.oid, 'pg_class') AS comment
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_am m ON m.oid = c.relam
LEFT JOIN pg_class o ON o.oid = c.reltoastrelid LEFT JOIN pg_tablespace s ON s.oid = c.reltablespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relpersistence <> 't' AND {{own}} AND {{free pg_class c.oid}};

SELECT {{kind}}, {{relation}}, 'column', quote_ident(a.attname),
       format_type(a.atttypid, a.atttypmod) AS type,
       CASE WHEN a.attcollation <> t.typcollation THEN a.attcollation::regcollation::text END AS collation,
       CASE WHEN a.attnotnull THEN 'yes' END AS "not null",
       CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END AS "default",
       CASE a.attgenerated WHEN 's' THEN pg_get_expr(d.adbin, d.adrelid) || ' stored'
       WHEN 'v' THEN pg_get_expr(d.adbin, d.adrelid) || ' virtual' END AS generated,
       CASE a.attidentity WHEN 'a' THEN 'always' WHEN 'd' THEN 'by default' END AS identity,
       CASE WHEN a.attstorage <> t.typstorage THEN
       CASE a.attstorage WHEN 'p' THEN 'plain' WHEN 'e' THEN 'external' WHEN 'x' THEN 'extended' ELSE 'main' END
       END AS storage,
       {{since 14 CASE a.attcompression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' END}} AS compression,
       nullif(a.attstattarget, -1) AS statistics,
       array_to_string(a.attoptions, ', ') AS options,
       array_to_string(a.attfdwoptions, ', ') AS "foreign options",
       CASE WHEN NOT a.attislocal THEN 'yes' END AS inherited,
       col_description(c.oid, a.attnum) AS comment
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c') AND c.relpersistence <> 't' AND {{own}}
AND {{free pg_class c.oid}}
ORDER BY c.oid, a.attnum;

SELECT 'sequence', {{relation}}, NULL, NULL,
       format_type(q.seqtypid, NULL) AS type, q.seqstart AS start, q.seqincrement AS increment, q.seqmin AS minimum,
       q.seqmax AS maximum, nullif(q.seqcache, 1) AS cache, CASE WHEN q.seqcycle THEN 'yes' END AS cycle,
       (SELECT d.refobjid::regclass || '.' || quote_ident(a.attname)
        FROM pg_depend d JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
        WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.refclassid = 'pg_class'::regclass
        AND d.deptype IN ('a', 'i')) AS "owned by",
       CASE c.relpersistence WHEN 'u' THEN 'unlogged' END AS persistence,
       {{owner c.relowner}} AS owner, obj_description(c.oid, 'pg_class') AS comment
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_sequence q ON q.seqrelid = c.oid
WHERE c.relpersistence <> 't' AND {{own}} AND {{free pg_class c.oid}};
