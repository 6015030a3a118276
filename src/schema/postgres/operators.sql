SELECT 'operator', o.oid::regoperator::text, NULL, NULL,
       o.oprcode::regproc::text AS function, format_type(o.oprresult, NULL) AS result,
       nullif(o.oprcom, 0)::regoperator::text AS commutator, nullif(o.oprnegate, 0)::regoperator::text AS negator,
       nullif(o.oprrest::oid, 0)::regproc::text AS "restriction", nullif(o.oprjoin::oid, 0)::regproc::text AS "join",
       concat_ws(', ', CASE WHEN o.oprcanhash THEN 'hashes' END, CASE WHEN o.oprcanmerge THEN 'merges' END) AS can,
       {{owner o.oprowner}} AS owner, obj_description(o.oid, 'pg_operator') AS comment
FROM pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace
WHERE {{own}} AND {{free pg_operator o.oid}};

SELECT 'operator class', quote_ident(n.nspname) || '.' || quote_ident(o.opcname) || ' using ' || m.amname, NULL, NULL,
       format_type(o.opcintype, NULL) AS type, CASE WHEN o.opcdefault THEN 'yes' END AS "default",
       CASE WHEN o.opckeytype <> 0 THEN format_type(o.opckeytype, NULL) END AS storage,
       f.opfname AS family,
       {{owner o.opcowner}} AS owner, obj_description(o.oid, 'pg_opclass') AS comment
FROM pg_opclass o JOIN pg_namespace n ON n.oid = o.opcnamespace JOIN pg_am m ON m.oid = o.opcmethod
JOIN pg_opfamily f ON f.oid = o.opcfamily
WHERE {{own}} AND {{free pg_opclass o.oid}};

SELECT 'operator family', quote_ident(n.nspname) || '.' || quote_ident(f.opfname) || ' using ' || m.amname, NULL, NULL,
       (SELECT string_agg(a.amopstrategy || ' ' || a.amopopr::regoperator, ', ' ORDER BY a.amopstrategy, a.amopopr::regoperator::text)
        FROM pg_amop a WHERE a.amopfamily = f.oid) AS operators,
       (SELECT string_agg(a.amprocnum || ' ' || a.amproc::regproc, ', ' ORDER BY a.amprocnum, a.amproc::regproc::text)
        FROM pg_amproc a WHERE a.amprocfamily = f.oid) AS functions,
       {{owner f.opfowner}} AS owner, obj_description(f.oid, 'pg_opfamily') AS comment
FROM pg_opfamily f JOIN pg_namespace n ON n.oid = f.opfnamespace JOIN pg_am m ON m.oid = f.opfmethod
WHERE {{own}} AND {{free pg_opfamily f.oid}};

SELECT 'cast', format_type(c.castsource, NULL) || ' as ' || format_type(c.casttarget, NULL), NULL, NULL,
       CASE WHEN c.castfunc <> 0 THEN c.castfunc::regprocedure::text END AS function,
       CASE c.castmethod WHEN 'f' THEN 'function' WHEN 'i' THEN 'input and output' ELSE 'binary' END AS method,
       CASE c.castcontext WHEN 'a' THEN 'assignment' WHEN 'i' THEN 'implicit' ELSE 'explicit' END AS context,
       obj_description(c.oid, 'pg_cast') AS comment
FROM pg_cast c WHERE c.oid >= 16384 AND {{free pg_cast c.oid}};

SELECT 'access method', quote_ident(m.amname), NULL, NULL, m.amhandler::text AS handler, m.amtype AS type
FROM pg_am m WHERE m.oid >= 16384 AND {{free pg_am m.oid}};

SELECT 'text search configuration', c.oid::regconfig::text, NULL, NULL,
       p.prsname AS parser,
       (SELECT string_agg(k.alias || ' ' || m.mapseqno || ' ' || m.mapdict::regdictionary, ', ' ORDER BY m.maptokentype, m.mapseqno)
        FROM pg_ts_config_map m JOIN LATERAL ts_token_type(c.cfgparser) k ON k.tokid = m.maptokentype
        WHERE m.mapcfg = c.oid) AS mapping,
       {{owner c.cfgowner}} AS owner, obj_description(c.oid, 'pg_ts_config') AS comment
FROM pg_ts_config c JOIN pg_namespace n ON n.oid = c.cfgnamespace JOIN pg_ts_parser p ON p.oid = c.cfgparser
WHERE {{own}} AND {{free pg_ts_config c.oid}};

SELECT 'text search dictionary', d.oid::regdictionary::text, NULL, NULL,
       t.tmplname AS template, d.dictinitoption AS options,
       {{owner d.dictowner}} AS owner, obj_description(d.oid, 'pg_ts_dict') AS comment
FROM pg_ts_dict d JOIN pg_namespace n ON n.oid = d.dictnamespace JOIN pg_ts_template t ON t.oid = d.dicttemplate
WHERE {{own}} AND {{free pg_ts_dict d.oid}};

SELECT 'text search parser', quote_ident(n.nspname) || '.' || quote_ident(p.prsname), NULL, NULL,
       concat_ws(', ', p.prsstart, p.prstoken, p.prsend, p.prslextype) AS functions
FROM pg_ts_parser p JOIN pg_namespace n ON n.oid = p.prsnamespace
WHERE {{own}} AND {{free pg_ts_parser p.oid}};

SELECT 'text search template', quote_ident(n.nspname) || '.' || quote_ident(t.tmplname), NULL, NULL,
       concat_ws(', ', t.tmplinit, t.tmpllexize) AS functions
FROM pg_ts_template t JOIN pg_namespace n ON n.oid = t.tmplnamespace
WHERE {{own}} AND {{free pg_ts_template t.oid}};

SELECT 'transform', format_type(t.trftype, NULL) || ' for ' || l.lanname, NULL, NULL,
       t.trffromsql::text AS "from SQL", t.trftosql::text AS "to SQL"
FROM pg_transform t JOIN pg_language l ON l.oid = t.trflang WHERE {{free pg_transform t.oid}};
