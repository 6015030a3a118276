//! Asking a server who waits for whom.

use dunlin_compat::model::{Dialect, Row, Server};

use super::Session;
use crate::db::{Connection, DbError};

/// What is seen at a moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Look {
    /// Sessions that wait for ours, each with that of ours for which it waits; where the server does not tell, 0.
    pub(super) waiting: Vec<(Session, i64)>,
    /// Sessions for which ours wait.
    pub(super) holding: Vec<Session>,
}

/// Looks from another session.
pub(super) fn look(connection: &mut dyn Connection, ours: &[i64]) -> Result<Look, DbError> {
    let list: Vec<String> = ours.iter().map(i64::to_string).collect();
    let list = list.join(", ");
    let server = connection.server().clone();
    let (waiting, holding) = match server.dialect {
        Dialect::Postgres => postgres(&list, &server),
        Dialect::Mysql => mysql(&list),
        Dialect::Mariadb => mariadb(&list, &server),
        Dialect::Sqlite => return Ok(Look::default()),
    };
    let mut look = Look::default();
    for query in waiting {
        let rows = connection.execute(&query)?.rows;
        look.waiting.extend(rows.iter().map(|row| (session(row), number(row, 5))));
    }
    for query in holding {
        look.holding.extend(connection.execute(&query)?.rows.iter().map(session));
    }
    look.waiting.sort_by_key(|(session, _)| (session.id, std::cmp::Reverse(session.milliseconds)));
    look.waiting.dedup_by_key(|(session, _)| session.id);
    look.waiting.sort_by_key(|(session, _)| std::cmp::Reverse(session.milliseconds));
    look.holding.sort_by_key(|session| session.id);
    look.holding.dedup_by_key(|session| session.id);
    Ok(look)
}

/// Has the server give up what a session of ours is doing.
pub(super) fn cancel(connection: &mut dyn Connection, session: i64) -> Result<(), DbError> {
    let statement = match connection.server().dialect {
        Dialect::Postgres => format!("SELECT pg_catalog.pg_cancel_backend({session})"),
        Dialect::Mysql | Dialect::Mariadb => format!("KILL QUERY {session}"),
        Dialect::Sqlite => return Ok(()),
    };
    connection.execute(&statement).map(|_| ())
}

type Queries = (Vec<String>, Vec<String>);

fn postgres(ours: &str, server: &Server) -> Queries {
    // Since when a session waits is told from 14 on; before, since when its statement runs.
    let since = if server.version.0 >= 14 {
        "coalesce((SELECT min(l.waitstart) FROM pg_catalog.pg_locks l WHERE l.pid = a.pid AND NOT l.granted), a.query_start)"
    } else {
        "a.query_start"
    };
    let columns = |since: &str| {
        format!(
            "a.pid, coalesce(nullif(a.application_name, ''), a.usename::text, ''), coalesce(a.state, ''), left(coalesce(a.query, ''), 300), \
             greatest(extract(epoch FROM clock_timestamp() - {since}) * 1000, 0)::bigint"
        )
    };
    let waiting = format!(
        "SELECT {}, b.pid FROM (SELECT * FROM pg_catalog.pg_stat_activity WHERE wait_event_type = 'Lock' AND pid NOT IN ({ours}) OFFSET 0) a, \
         unnest(pg_catalog.pg_blocking_pids(a.pid)) AS b (pid) WHERE b.pid IN ({ours})",
        columns(since)
    );
    let holding = format!(
        "SELECT {} FROM unnest(ARRAY[{ours}]::int[]) AS o (pid), unnest(pg_catalog.pg_blocking_pids(o.pid)) AS b (pid) \
         JOIN pg_catalog.pg_stat_activity a ON a.pid = b.pid WHERE b.pid NOT IN ({ours})",
        columns("coalesce(a.xact_start, a.query_start)")
    );
    (vec![waiting], vec![holding])
}

const MYSQL_COLUMNS: &str = "t.PROCESSLIST_ID, COALESCE(t.PROCESSLIST_USER, ''), COALESCE(t.PROCESSLIST_STATE, ''), \
     LEFT(COALESCE(t.PROCESSLIST_INFO, ''), 300), CAST(COALESCE(s.TIMER_WAIT DIV 1000000000, t.PROCESSLIST_TIME * 1000, 0) AS UNSIGNED)";

fn mysql(ours: &str) -> Queries {
    let threads = "JOIN performance_schema.threads t ON t.THREAD_ID = w.waits \
                   JOIN performance_schema.threads b ON b.THREAD_ID = w.holds \
                   LEFT JOIN performance_schema.events_statements_current s ON s.THREAD_ID = w.waits AND s.END_EVENT_ID IS NULL \
                   AND s.NESTING_EVENT_LEVEL = 0";
    // Whoever asked later for the same object waits behind what is granted, and behind what was asked for before.
    let metadata = "(SELECT p.OWNER_THREAD_ID AS waits, g.OWNER_THREAD_ID AS holds FROM performance_schema.metadata_locks p \
                    JOIN performance_schema.metadata_locks g ON g.OBJECT_TYPE = p.OBJECT_TYPE AND g.OBJECT_SCHEMA <=> p.OBJECT_SCHEMA \
                    AND g.OBJECT_NAME <=> p.OBJECT_NAME AND g.OWNER_THREAD_ID <> p.OWNER_THREAD_ID \
                    WHERE p.LOCK_STATUS = 'PENDING' AND p.OBJECT_TYPE = 'TABLE' AND (g.LOCK_STATUS = 'GRANTED' OR g.LOCK_TYPE = \
                    'EXCLUSIVE')) w";
    let rows = "(SELECT REQUESTING_THREAD_ID AS waits, BLOCKING_THREAD_ID AS holds FROM performance_schema.data_lock_waits) w";
    let waiting = |source: &str| {
        format!(
            "SELECT {MYSQL_COLUMNS}, b.PROCESSLIST_ID FROM {source} {threads} WHERE b.PROCESSLIST_ID IN ({ours}) AND t.PROCESSLIST_ID NOT \
             IN ({ours})"
        )
    };
    let held = "SELECT t.PROCESSLIST_ID, COALESCE(t.PROCESSLIST_USER, ''), COALESCE(NULLIF(t.PROCESSLIST_STATE, ''), \
                t.PROCESSLIST_COMMAND, ''), LEFT(COALESCE(t.PROCESSLIST_INFO, ''), 300), COALESCE(t.PROCESSLIST_TIME * 1000, 0)";
    let holding = |source: &str| {
        format!(
            "{held} FROM {source} JOIN performance_schema.threads t ON t.THREAD_ID = w.holds JOIN performance_schema.threads o ON \
             o.THREAD_ID = w.waits WHERE o.PROCESSLIST_ID IN ({ours}) AND t.PROCESSLIST_ID NOT IN ({ours})"
        )
    };
    // Of what was granted only: whoever waits as ours does holds nothing.
    let granted = metadata.replace(" OR g.LOCK_TYPE = 'EXCLUSIVE'", "");
    (vec![waiting(metadata), waiting(rows)], vec![holding(&granted), holding(rows)])
}

fn mariadb(ours: &str, server: &Server) -> Queries {
    let schema = server.dialect.quote_literal(&server.schema);
    // Who holds a metadata lock is not told. While a statement of ours runs, whoever waits for one in the same database waits for it,
    // or behind it.
    let metadata = format!(
        "SELECT p.ID, p.USER, COALESCE(p.STATE, ''), LEFT(COALESCE(p.INFO, ''), 300), CAST(p.TIME_MS AS UNSIGNED), 0 \
         FROM information_schema.PROCESSLIST p WHERE p.STATE LIKE 'Waiting for table metadata lock%' AND p.DB = {schema} AND p.ID NOT IN \
         ({ours}) AND EXISTS (SELECT 1 FROM information_schema.PROCESSLIST o WHERE o.ID IN ({ours}) AND o.COMMAND <> 'Sleep' AND o.TIME_MS \
         >= p.TIME_MS)"
    );
    let rows = format!(
        "SELECT p.ID, p.USER, COALESCE(p.STATE, ''), LEFT(COALESCE(p.INFO, ''), 300), CAST(p.TIME_MS AS UNSIGNED), b.trx_mysql_thread_id \
         FROM information_schema.INNODB_LOCK_WAITS w JOIN information_schema.INNODB_TRX b ON b.trx_id = w.blocking_trx_id \
         JOIN information_schema.INNODB_TRX r ON r.trx_id = w.requesting_trx_id JOIN information_schema.PROCESSLIST p ON p.ID = \
         r.trx_mysql_thread_id WHERE b.trx_mysql_thread_id IN ({ours}) AND p.ID NOT IN ({ours})"
    );
    let held = "SELECT p.ID, p.USER, COALESCE(NULLIF(p.STATE, ''), p.COMMAND), LEFT(COALESCE(p.INFO, ''), 300), CAST(p.TIME_MS AS UNSIGNED)";
    // The transactions that are open while ours waits: one of them is in its way.
    let open = format!(
        "{held} FROM information_schema.INNODB_TRX x JOIN information_schema.PROCESSLIST p ON p.ID = x.trx_mysql_thread_id WHERE p.DB = \
         {schema} AND p.ID NOT IN ({ours}) AND EXISTS (SELECT 1 FROM information_schema.PROCESSLIST o WHERE o.ID IN ({ours}) AND o.STATE \
         LIKE 'Waiting for table metadata lock%') AND COALESCE(p.STATE, '') NOT LIKE 'Waiting for table metadata lock%'"
    );
    let locked = format!(
        "{held} FROM information_schema.INNODB_LOCK_WAITS w JOIN information_schema.INNODB_TRX b ON b.trx_id = w.blocking_trx_id \
         JOIN information_schema.INNODB_TRX r ON r.trx_id = w.requesting_trx_id JOIN information_schema.PROCESSLIST p ON p.ID = \
         b.trx_mysql_thread_id WHERE r.trx_mysql_thread_id IN ({ours}) AND p.ID NOT IN ({ours})"
    );
    (vec![metadata, rows], vec![open, locked])
}

fn session(row: &Row) -> Session {
    let text = |index: usize| row.get(index).cloned().flatten().unwrap_or_default();
    Session {
        id: number(row, 0),
        name: text(1),
        state: text(2),
        query: text(3).split_whitespace().collect::<Vec<&str>>().join(" "),
        milliseconds: u64::try_from(number(row, 4)).unwrap_or(0),
    }
}

fn number(row: &Row, index: usize) -> i64 {
    row.get(index).cloned().flatten().and_then(|text| text.parse().ok()).unwrap_or(0)
}
