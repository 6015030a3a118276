SELECT {{kind}}, {{relation}}, 'constraint', quote_ident(o.conname),
       pg_get_constraintdef(o.oid) AS definition,
       CASE WHEN o.coninhcount > 0 AND o.conislocal AND o.contype = 'c' THEN 'yes' END AS "also local",
       obj_description(o.oid, 'pg_constraint') AS comment
FROM pg_constraint o JOIN pg_class c ON c.oid = o.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE o.contype <> 't' AND {{own}} AND {{free pg_class c.oid}}
ORDER BY c.oid, o.contype = 'f', o.conname;

SELECT {{kind}}, {{relation}}, CASE WHEN o.oid IS NULL THEN 'index' ELSE 'constraint' END,
       quote_ident(coalesce(o.conname, i.relname)),
       CASE WHEN o.oid IS NULL THEN pg_get_indexdef(i.oid) END AS definition,
       CASE WHEN NOT x.indisvalid THEN 'no' END AS valid,
       CASE WHEN x.indisclustered THEN 'yes' END AS clustered,
       CASE WHEN o.oid IS NOT NULL THEN array_to_string(i.reloptions, ', ') END AS options,
       s.spcname AS tablespace,
       (SELECT string_agg(a.attname || ' ' || a.attstattarget, ', ' ORDER BY a.attnum) FROM pg_attribute a
        WHERE a.attrelid = i.oid AND a.attstattarget <> -1) AS statistics,
       obj_description(i.oid, 'pg_class') AS "index comment"
FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class c ON c.oid = x.indrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_constraint o ON o.conindid = i.oid AND o.conrelid = c.oid AND o.contype IN ('p', 'u', 'x')
LEFT JOIN pg_tablespace s ON s.oid = i.reltablespace
WHERE c.relkind IN ('r', 'p', 'm') AND c.relpersistence <> 't' AND {{own}} AND {{free pg_class c.oid}}
ORDER BY c.oid, i.relname;

SELECT {{kind}}, {{relation}}, 'trigger', quote_ident(t.tgname),
       pg_get_triggerdef(t.oid) AS definition,
       CASE t.tgenabled WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica' WHEN 'A' THEN 'always' END AS enabled,
       obj_description(t.oid, 'pg_trigger') AS comment
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE NOT t.tgisinternal AND {{own}} AND {{free pg_class c.oid}}
ORDER BY c.oid, t.tgname;

SELECT {{kind}}, {{relation}}, 'rule', quote_ident(r.rulename),
       pg_get_ruledef(r.oid) AS definition,
       CASE r.ev_enabled WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica' WHEN 'A' THEN 'always' END AS enabled,
       obj_description(r.oid, 'pg_rewrite') AS comment
FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE r.rulename <> '_RETURN' AND {{own}} AND {{free pg_class c.oid}}
ORDER BY c.oid, r.rulename;

SELECT {{kind}}, {{relation}}, 'policy', quote_ident(p.polname),
       CASE WHEN p.polpermissive THEN 'permissive' ELSE 'restrictive' END AS mode,
       CASE p.polcmd WHEN 'r' THEN 'select' WHEN 'a' THEN 'insert' WHEN 'w' THEN 'update' WHEN 'd' THEN 'delete'
       ELSE 'all' END AS command,
       (SELECT string_agg(CASE r WHEN 0 THEN 'public' ELSE r::regrole::text END, ', ' ORDER BY r)
        FROM unnest(p.polroles) r) AS roles,
       pg_get_expr(p.polqual, p.polrelid) AS "using",
       pg_get_expr(p.polwithcheck, p.polrelid) AS "with check",
       obj_description(p.oid, 'pg_policy') AS comment
FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE {{own}} AND {{free pg_class c.oid}}
ORDER BY c.oid, p.polname;

SELECT 'statistics', quote_ident(n.nspname) || '.' || quote_ident(s.stxname), NULL, NULL,
       pg_get_statisticsobjdef(s.oid) AS definition,
       {{since 13 nullif(s.stxstattarget, -1)}} AS target,
       {{owner s.stxowner}} AS owner, obj_description(s.oid, 'pg_statistic_ext') AS comment
FROM pg_statistic_ext s JOIN pg_namespace n ON n.oid = s.stxnamespace
WHERE {{own}} AND {{free pg_statistic_ext s.oid}};
