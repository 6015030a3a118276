-- What was granted beside, and what was revoked from, that which every object of its kind has from the start.
WITH lists (kind, name, suffix, owner, own, start) AS (
    SELECT {{kind}}, {{relation}}, '', c.relowner, c.relacl,
           acldefault(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", c.relowner)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND c.relpersistence <> 't' AND {{own}} AND {{free pg_class c.oid}}
    UNION ALL
    SELECT {{kind}}, {{relation}}, ' on column ' || quote_ident(a.attname), c.relowner, a.attacl,
           acldefault('c', c.relowner)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attacl IS NOT NULL AND NOT a.attisdropped
    WHERE {{own}} AND {{free pg_class c.oid}}
    UNION ALL
    SELECT 'schema', quote_ident(n.nspname), '', n.nspowner, n.nspacl, acldefault('n', n.nspowner)
    FROM pg_namespace n WHERE {{own}} AND {{free pg_namespace n.oid}}
    UNION ALL
    SELECT CASE p.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END,
           p.oid::regprocedure::text, '', p.proowner, p.proacl, acldefault('f', p.proowner)
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE {{own}} AND {{free pg_proc p.oid}}
    UNION ALL
    SELECT 'type', format_type(t.oid, NULL), '', t.typowner, t.typacl, acldefault('T', t.typowner)
    FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
    WHERE t.typacl IS NOT NULL AND {{own}} AND {{free pg_type t.oid}}
    UNION ALL
    SELECT 'language', quote_ident(l.lanname), '', l.lanowner, l.lanacl, acldefault('l', l.lanowner)
    FROM pg_language l WHERE l.lanpltrusted AND l.oid >= 16384 AND {{free pg_language l.oid}}
    UNION ALL
    SELECT 'foreign data wrapper', quote_ident(w.fdwname), '', w.fdwowner, w.fdwacl, acldefault('F', w.fdwowner)
    FROM pg_foreign_data_wrapper w WHERE {{free pg_foreign_data_wrapper w.oid}}
    UNION ALL
    SELECT 'foreign server', quote_ident(s.srvname), '', s.srvowner, s.srvacl, acldefault('S', s.srvowner)
    FROM pg_foreign_server s WHERE {{free pg_foreign_server s.oid}}
), privileges (kind, name, suffix, owner, part, grantee, privilege, grantable) AS (
    (SELECT kind, name, suffix, owner, 'grant', e.grantee, e.privilege_type, e.is_grantable
     FROM lists, aclexplode(coalesce(own, start)) e
     EXCEPT SELECT kind, name, suffix, owner, 'grant', e.grantee, e.privilege_type, e.is_grantable
     FROM lists, aclexplode(start) e)
    UNION ALL
    (SELECT kind, name, suffix, owner, 'revoked', e.grantee, e.privilege_type, e.is_grantable
     FROM lists, aclexplode(start) e
     EXCEPT SELECT kind, name, suffix, owner, 'revoked', e.grantee, e.privilege_type, e.is_grantable
     FROM lists, aclexplode(coalesce(own, start)) e)
)
SELECT kind, name, part,
       CASE grantee WHEN 0 THEN 'public' WHEN owner THEN 'its owner' ELSE grantee::regrole::text END || suffix,
       string_agg(privilege || CASE WHEN grantable THEN ' with grant option' ELSE '' END, ', ' ORDER BY privilege)
       AS privileges
FROM privileges GROUP BY kind, name, part, grantee, owner, suffix ORDER BY 1, 2, 3, 4;

SELECT 'default privileges',
       'of ' || d.defaclrole::regrole || coalesce(' in ' || nullif(d.defaclnamespace, 0)::regnamespace, '')
       || ' on ' || CASE d.defaclobjtype WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences' WHEN 'f' THEN 'functions'
       WHEN 'T' THEN 'types' WHEN 'n' THEN 'schemas' ELSE d.defaclobjtype::text END,
       'grant', CASE e.grantee WHEN 0 THEN 'public' WHEN d.defaclrole THEN 'its owner' ELSE e.grantee::regrole::text END,
       string_agg(e.privilege_type || CASE WHEN e.is_grantable THEN ' with grant option' ELSE '' END, ', '
                  ORDER BY e.privilege_type) AS privileges
FROM pg_default_acl d, aclexplode(d.defaclacl) e
GROUP BY d.oid, d.defaclrole, d.defaclnamespace, d.defaclobjtype, e.grantee ORDER BY 1, 2, 4;
