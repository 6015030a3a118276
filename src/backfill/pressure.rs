//! How the servers fare: sessions that wait for us, replicas that lag behind.

use std::time::Duration;

use dunlin_compat::model::Dialect;

use super::state::{Tables, WORKERS};
use crate::db::{Connection, DbError};

/// A query for how many sessions wait for locks of these sessions, workers of backfills left out. `None` where there is
/// nobody to wait: SQLite has one writer.
pub fn waiting_query(tables: &Tables, sessions: &[i64]) -> Option<String> {
    if sessions.is_empty() {
        return None;
    }
    let ours: Vec<String> = sessions.iter().map(i64::to_string).collect();
    let ours = ours.join(", ");
    let workers = format!("SELECT session_id FROM {}", tables.name(WORKERS));
    Some(match tables.dialect() {
        // Only those that wait are asked what for: the function takes locks of the server's own.
        Dialect::Postgres => format!(
            "SELECT count(*) FROM (SELECT pid FROM pg_catalog.pg_stat_activity WHERE wait_event_type = 'Lock' \
             AND pid NOT IN ({workers}) OFFSET 0) waiting WHERE pg_catalog.pg_blocking_pids(pid) && ARRAY[{ours}]::int[]"
        ),
        Dialect::Mysql => format!(
            "SELECT COUNT(DISTINCT r.PROCESSLIST_ID) FROM performance_schema.data_lock_waits w \
             JOIN performance_schema.threads b ON b.THREAD_ID = w.BLOCKING_THREAD_ID \
             JOIN performance_schema.threads r ON r.THREAD_ID = w.REQUESTING_THREAD_ID \
             WHERE b.PROCESSLIST_ID IN ({ours}) AND r.PROCESSLIST_ID NOT IN ({workers})"
        ),
        Dialect::Mariadb => format!(
            "SELECT COUNT(DISTINCT r.trx_mysql_thread_id) FROM information_schema.INNODB_LOCK_WAITS w \
             JOIN information_schema.INNODB_TRX b ON b.trx_id = w.blocking_trx_id \
             JOIN information_schema.INNODB_TRX r ON r.trx_id = w.requesting_trx_id \
             WHERE b.trx_mysql_thread_id IN ({ours}) AND r.trx_mysql_thread_id NOT IN ({workers})"
        ),
        Dialect::Sqlite => return None,
    })
}

/// A query on the primary for how many seconds its replicas lag behind, where it knows.
pub fn lag_query(dialect: Dialect) -> Option<&'static str> {
    match dialect {
        Dialect::Postgres => Some(
            "SELECT COALESCE(MAX(EXTRACT(EPOCH FROM replay_lag)), 0) FROM pg_catalog.pg_stat_replication",
        ),
        Dialect::Mysql | Dialect::Mariadb | Dialect::Sqlite => None,
    }
}

/// How far a replica lags behind, asked of itself. One whose replication has stopped lags behind for ever.
pub fn replica_lag(replica: &mut dyn Connection) -> Result<Duration, DbError> {
    match replica.server().dialect {
        Dialect::Postgres => {
            let query = "SELECT CASE WHEN NOT pg_is_in_recovery() THEN 0 \
                         WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0 \
                         ELSE COALESCE(EXTRACT(EPOCH FROM clock_timestamp() - pg_last_xact_replay_timestamp()), 0) END";
            Ok(first_number(replica, query)?.map_or(Duration::ZERO, seconds))
        }
        Dialect::Mysql | Dialect::Mariadb => {
            let outcome =
                replica.execute("SHOW REPLICA STATUS").or_else(|_| replica.execute("SHOW SLAVE STATUS"))?;
            let column = outcome.columns.iter().position(|column| {
                matches!(column.name.as_str(), "Seconds_Behind_Source" | "Seconds_Behind_Master")
            });
            let mut lag = Duration::ZERO;
            for row in &outcome.rows {
                let behind = column.and_then(|column| row.get(column)).and_then(|value| value.as_deref());
                lag = lag.max(behind.and_then(|text| text.parse().ok()).map_or(Duration::MAX, seconds));
            }
            Ok(lag)
        }
        Dialect::Sqlite => Ok(Duration::ZERO),
    }
}

/// The first value of a query as a number.
pub fn first_number(connection: &mut dyn Connection, query: &str) -> Result<Option<f64>, DbError> {
    let rows = connection.execute(query)?.rows;
    Ok(rows.into_iter().flatten().next().flatten().and_then(|text| text.parse().ok()))
}

/// Seconds as a duration; what is none counts as none.
pub fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::ZERO)
}
