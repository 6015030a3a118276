SELECT CASE p.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END,
       p.oid::regprocedure::text, NULL, NULL,
       CASE WHEN p.prokind <> 'a' THEN pg_get_functiondef(p.oid) ELSE
       (SELECT concat_ws(', ', 'state function ' || a.aggtransfn, 'state type ' || format_type(a.aggtranstype, NULL),
        'final function ' || nullif(a.aggfinalfn::oid, 0)::regproc, 'combine function ' || nullif(a.aggcombinefn::oid, 0)::regproc,
        'start ' || a.agginitval, 'sort operator ' || nullif(a.aggsortop, 0)::regoperator,
        'moving ' || nullif(a.aggmtransfn::oid, 0)::regproc, 'kind ' || a.aggkind::text, 'arguments ' || pg_get_function_arguments(p.oid),
        'result ' || pg_get_function_result(p.oid), 'parallel ' || p.proparallel::text)
        FROM pg_aggregate a WHERE a.aggfnoid = p.oid) END AS definition,
       {{owner p.proowner}} AS owner, obj_description(p.oid, 'pg_proc') AS comment
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE {{own}} AND {{free pg_proc p.oid}}
-- The constructors of a range are made with its type.
AND NOT EXISTS (SELECT FROM pg_depend x WHERE x.classid = 'pg_proc'::regclass AND x.objid = p.oid AND x.deptype = 'i');

SELECT 'event trigger', quote_ident(e.evtname), NULL, NULL,
       e.evtevent AS event, array_to_string(e.evttags, ', ') AS tags, e.evtfoid::regproc::text AS function,
       CASE e.evtenabled WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica' WHEN 'A' THEN 'always' END AS enabled,
       {{owner e.evtowner}} AS owner, obj_description(e.oid, 'pg_event_trigger') AS comment
FROM pg_event_trigger e WHERE {{free pg_event_trigger e.oid}};

SELECT 'language', quote_ident(l.lanname), NULL, NULL,
       l.lanplcallfoid::regproc::text AS handler, CASE WHEN l.lanpltrusted THEN 'yes' END AS trusted,
       {{owner l.lanowner}} AS owner, obj_description(l.oid, 'pg_language') AS comment
FROM pg_language l WHERE l.oid >= 16384 AND {{free pg_language l.oid}};

SELECT 'extension', quote_ident(e.extname), NULL, NULL, e.extversion AS version, n.nspname AS schema
FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace;
