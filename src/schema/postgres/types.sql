SELECT 'type', format_type(t.oid, NULL), NULL, NULL,
       CASE t.typtype WHEN 'e' THEN 'enum' WHEN 'd' THEN 'domain' WHEN 'r' THEN 'range' WHEN 'c' THEN 'composite'
       WHEN 'b' THEN 'base' ELSE t.typtype::text END AS sort,
       (SELECT string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder)
        FROM pg_enum e WHERE e.enumtypid = t.oid) AS labels,
       CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod) END AS type,
       CASE WHEN t.typtype = 'd' AND t.typcollation <> b.typcollation
       THEN t.typcollation::regcollation::text END AS collation,
       CASE WHEN t.typnotnull THEN 'yes' END AS "not null",
       CASE WHEN t.typtype = 'd' THEN coalesce(pg_get_expr(t.typdefaultbin, 0), t.typdefault) END AS "default",
       (SELECT format_type(r.rngsubtype, NULL)
        || CASE WHEN r.rngcanonical <> 0 THEN ', canonical ' || r.rngcanonical::regprocedure ELSE '' END
        || CASE WHEN r.rngsubdiff <> 0 THEN ', subtype difference ' || r.rngsubdiff::regprocedure ELSE '' END
        || CASE WHEN r.rngcollation <> 0 THEN ', collation ' || r.rngcollation::regcollation ELSE '' END
        FROM pg_range r WHERE r.rngtypid = t.oid) AS "range of",
       CASE WHEN t.typtype = 'b' THEN concat_ws(', ', t.typinput, t.typoutput, t.typlen, t.typalign, t.typstorage) END
       AS functions,
       {{owner t.typowner}} AS owner,
       coalesce(obj_description(t.oid, 'pg_type'), obj_description(t.typrelid, 'pg_class')) AS comment
FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace LEFT JOIN pg_class c ON c.oid = t.typrelid
LEFT JOIN pg_type b ON b.oid = t.typbasetype
WHERE (t.typtype IN ('e', 'd', 'r') OR t.typtype = 'c' AND c.relkind = 'c' OR t.typtype = 'b' AND t.typcategory <> 'A')
AND {{own}} AND {{free pg_type t.oid}};

SELECT 'type', format_type(o.contypid, NULL), 'constraint', quote_ident(o.conname),
       pg_get_constraintdef(o.oid) AS definition, obj_description(o.oid, 'pg_constraint') AS comment
FROM pg_constraint o JOIN pg_type t ON t.oid = o.contypid JOIN pg_namespace n ON n.oid = t.typnamespace
WHERE {{own}} AND {{free pg_type t.oid}}
ORDER BY t.oid, o.conname;

SELECT 'collation', quote_ident(n.nspname) || '.' || quote_ident(c.collname), NULL, NULL,
       CASE c.collprovider WHEN 'i' THEN 'icu' WHEN 'c' THEN 'libc' WHEN 'b' THEN 'builtin' END AS provider,
       concat_ws(', ', c.collcollate, nullif(c.collctype, c.collcollate), {{collation_locale}}) AS locale,
       CASE WHEN NOT c.collisdeterministic THEN 'no' END AS deterministic,
       {{owner c.collowner}} AS owner, obj_description(c.oid, 'pg_collation') AS comment
FROM pg_collation c JOIN pg_namespace n ON n.oid = c.collnamespace
WHERE {{own}} AND {{free pg_collation c.oid}};

SELECT 'conversion', quote_ident(n.nspname) || '.' || quote_ident(c.conname), NULL, NULL,
       pg_encoding_to_char(c.conforencoding) || ' to ' || pg_encoding_to_char(c.contoencoding) AS encodings,
       c.conproc::regproc::text AS function, CASE WHEN c.condefault THEN 'yes' END AS "default",
       obj_description(c.oid, 'pg_conversion') AS comment
FROM pg_conversion c JOIN pg_namespace n ON n.oid = c.connamespace
WHERE {{own}} AND {{free pg_conversion c.oid}};
