SELECT 'foreign data wrapper', quote_ident(w.fdwname), NULL, NULL,
       nullif(w.fdwhandler, 0)::regproc::text AS handler, nullif(w.fdwvalidator, 0)::regproc::text AS validator,
       array_to_string(w.fdwoptions, ', ') AS options,
       {{owner w.fdwowner}} AS owner, obj_description(w.oid, 'pg_foreign_data_wrapper') AS comment
FROM pg_foreign_data_wrapper w WHERE {{free pg_foreign_data_wrapper w.oid}};

SELECT 'foreign server', quote_ident(s.srvname), NULL, NULL,
       w.fdwname AS wrapper, s.srvtype AS type, s.srvversion AS version, array_to_string(s.srvoptions, ', ') AS options,
       {{owner s.srvowner}} AS owner, obj_description(s.oid, 'pg_foreign_server') AS comment
FROM pg_foreign_server s JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw
WHERE {{free pg_foreign_server s.oid}};

-- Values of options may be secrets; which of them there are is not.
SELECT 'foreign server', quote_ident(u.srvname), 'user mapping', u.usename,
       (SELECT string_agg(split_part(o, '=', 1), ', ' ORDER BY o) FROM unnest(u.umoptions) o) AS options
FROM pg_user_mappings u ORDER BY u.usename;

SELECT 'publication', quote_ident(p.pubname), NULL, NULL,
       concat_ws(', ', CASE WHEN p.pubinsert THEN 'insert' END, CASE WHEN p.pubupdate THEN 'update' END,
                 CASE WHEN p.pubdelete THEN 'delete' END, CASE WHEN p.pubtruncate THEN 'truncate' END) AS publishes,
       CASE WHEN p.puballtables THEN 'yes' END AS "all tables",
       {{since 13 CASE WHEN p.pubviaroot THEN 'yes' END}} AS "via root",
       {{since 15 (SELECT string_agg(s.pnnspid::regnamespace::text, ', ' ORDER BY s.pnnspid::regnamespace::text) FROM pg_publication_namespace s WHERE s.pnpubid = p.oid)}} AS schemas,
       {{owner p.pubowner}} AS owner, obj_description(p.oid, 'pg_publication') AS comment
FROM pg_publication p WHERE {{free pg_publication p.oid}};

SELECT 'publication', quote_ident(p.pubname), 'table', r.prrelid::regclass::text,
       {{since 15 (SELECT string_agg(a.attname, ', ' ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = r.prrelid AND a.attnum = ANY (r.prattrs))}} AS columns,
       {{since 15 pg_get_expr(r.prqual, r.prrelid)}} AS "where"
FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid
ORDER BY r.prrelid::regclass::text;

SELECT 'subscription', quote_ident(s.subname), NULL, NULL,
       array_to_string(s.subpublications, ', ') AS publications, CASE WHEN NOT s.subenabled THEN 'no' END AS enabled
FROM pg_subscription s WHERE s.subdbid = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database());
