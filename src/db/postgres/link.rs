//! A blocking client over tokio-postgres: the runtime, the connection task and the notices.

use super::super::{Cell, Column, NoticeParts, Outcome, TypedColumn, TypedOutcome};
use futures_util::StreamExt;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{AsyncMessage, Client, Config, Error, SimpleQueryMessage, Socket};

type Messages = Box<dyn FnMut(&mut Context<'_>) -> Poll<Option<Result<AsyncMessage, Error>>> + Send>;

/// How long closing waits for the server to take notice.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// Statements that prepare what the client has prepared with parameters, under the same names (`s` and a number). Of what was
/// prepared by one the server keeps its text.
const LOOKUPS: &str = "SELECT CASE WHEN from_sql THEN statement ELSE \
                       format('PREPARE %I (%s) AS %s', name, array_to_string(parameter_types, ','), statement) END \
                       FROM pg_prepared_statements WHERE name ~ '^s[0-9]+$' AND cardinality(parameter_types) > 0";

/// A connection whose methods block.
pub(super) struct Link {
    runtime: Runtime,
    /// `None` only while closing.
    client: Option<Client>,
    messages: Messages,
    /// The connection has ended: it must not be polled again.
    ended: bool,
    notices: Vec<NoticeParts>,
}

/// What a message of several statements gave: the results before the error, and the error.
pub(super) struct Answers {
    pub outcomes: Vec<Outcome>,
    pub error: Option<Failure>,
}

/// Why a request failed.
pub(super) enum Failure {
    /// As the client says.
    Client(Error),
    /// Outside of the protocol.
    Io(io::Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure::Client(error)
    }
}

impl Link {
    /// Connects to the one host of `config` within `limit`.
    pub fn connect<T>(config: &Config, tls: T, limit: Duration) -> Result<Link, Failure>
    where
        T: MakeTlsConnect<Socket> + 'static + Send,
        T::TlsConnect: Send,
        T::Stream: Send,
        <T::TlsConnect as tokio_postgres::tls::TlsConnect<Socket>>::Future: Send,
    {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::Io)?;
        let (client, mut connection) = runtime
            .block_on(async { tokio::time::timeout(limit, config.connect(tls)).await })
            .map_err(|_| {
                Failure::Io(io::Error::new(
                    io::ErrorKind::TimedOut,
                    format!("no answer within {} s", limit.as_secs()),
                ))
            })??;
        let messages: Messages = Box::new(move |context| connection.poll_message(context));
        Ok(Link { runtime, client: Some(client), messages, ended: false, notices: Vec::new() })
    }

    /// Runs statements as one simple query.
    pub fn simple_query(&mut self, sql: &str) -> Answers {
        let lookups = self.lookups_at_stake(sql);
        let mut outcomes = Vec::new();
        let result = self.run(async |client| collect(client, sql, &mut outcomes).await);
        let error = match result {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(Failure::Client(error)),
            Err(failure) => Some(failure),
        };
        self.prepare_again(&lookups);
        Answers { outcomes, error }
    }

    /// Runs one statement as a simple query. Types are not told by it, so a statement with a result is prepared first.
    pub fn typed_query(&mut self, sql: &str, returns_rows: bool) -> Result<TypedOutcome, Failure> {
        let lookups = self.lookups_at_stake(sql);
        let mut outcomes = Vec::new();
        let columns = self.run(async |client| {
            let columns = if returns_rows {
                let prepared = client.prepare(sql).await?;
                prepared.columns().iter().map(typed_column).collect()
            } else {
                Vec::new()
            };
            collect(client, sql, &mut outcomes).await?;
            Ok::<Vec<TypedColumn>, Error>(columns)
        })??;
        self.prepare_again(&lookups);
        let outcome = outcomes.pop().unwrap_or_default();
        let named = |column: Column| TypedColumn { name: column.name, ..TypedColumn::default() };
        let columns = if columns.len() == outcome.columns.len() {
            columns
        } else {
            outcome.columns.into_iter().map(named).collect()
        };
        let cell = |value: Option<String>| value.map_or(Cell::Null, Cell::Text);
        Ok(TypedOutcome {
            columns,
            rows: outcome.rows.into_iter().map(|row| row.into_iter().map(cell).collect()).collect(),
            affected: outcome.affected,
            last_id: None,
        })
    }

    /// `COPY … FROM STDIN`.
    pub fn copy_in(&mut self, sql: &str, data: &[u8]) -> Result<u64, Failure> {
        let data = io::Cursor::new(data.to_vec());
        let result = self.run(async |client| {
            let mut sink = pin!(client.copy_in::<_, io::Cursor<Vec<u8>>>(sql).await?);
            futures_util::SinkExt::send(&mut sink, data).await?;
            sink.finish().await
        })?;
        Ok(result?)
    }

    /// Notices since the last call.
    pub fn take_notices(&mut self) -> Vec<String> {
        let text = |notice: NoticeParts| format!("{}: {}", notice.severity, notice.message);
        std::mem::take(&mut self.notices).into_iter().map(text).collect()
    }

    pub fn notice_parts(&self) -> &[NoticeParts] {
        &self.notices
    }

    /// The client looks up types by statements that it prepares once, and believes to have for ever. What a statement that drops
    /// all prepared ones is about to take.
    fn lookups_at_stake(&mut self, sql: &str) -> Vec<String> {
        if drops_prepared(sql) { self.lookups() } else { Vec::new() }
    }

    /// The client's own prepared statements, as statements that prepare them.
    fn lookups(&mut self) -> Vec<String> {
        let asked = self.run(async |client| {
            let mut outcomes = Vec::new();
            collect(client, LOOKUPS, &mut outcomes).await.map(|()| outcomes)
        });
        // In a transaction that has failed nothing is dropped, either.
        let outcomes = asked.ok().and_then(Result::ok).unwrap_or_default();
        outcomes.into_iter().flat_map(|outcome| outcome.rows).flatten().flatten().collect()
    }

    /// Prepares those of `before` that are gone.
    fn prepare_again(&mut self, before: &[String]) {
        if before.is_empty() {
            return;
        }
        let left = self.lookups();
        for lookup in before.iter().filter(|lookup| !left.contains(lookup)) {
            // That it fails shows when a type is looked up.
            let _ = self.run(async |client| client.batch_execute(lookup).await);
        }
    }

    /// Drives the connection until the request is answered.
    fn run<T>(&mut self, request: impl AsyncFnOnce(&Client) -> T) -> Result<T, Failure> {
        let Link { runtime, client, messages, ended, notices } = self;
        let Some(client) = client.as_ref() else {
            return Err(closed());
        };
        let mut request = pin!(request(client));
        runtime.block_on(poll_fn(|context| {
            let mut lost = None;
            while !*ended {
                match messages(context) {
                    Poll::Ready(Some(Ok(AsyncMessage::Notice(notice)))) => {
                        notices.push(NoticeParts {
                            severity: notice.severity().to_owned(),
                            sqlstate: notice.code().code().to_owned(),
                            message: notice.message().to_owned(),
                            detail: notice.detail().map(str::to_owned),
                            hint: notice.hint().map(str::to_owned),
                        });
                    }
                    Poll::Ready(Some(Ok(_))) => {}
                    Poll::Ready(Some(Err(error))) => {
                        *ended = true;
                        lost = Some(Failure::Client(error));
                    }
                    Poll::Ready(None) => *ended = true,
                    Poll::Pending => break,
                }
            }
            // The server's last words say more than that the connection is closed.
            match (request.as_mut().poll(context), lost) {
                (_, Some(Failure::Client(error))) if error.as_db_error().is_some() => {
                    Poll::Ready(Err(Failure::Client(error)))
                }
                (Poll::Ready(answer), _) => Poll::Ready(Ok(answer)),
                (Poll::Pending, Some(lost)) => Poll::Ready(Err(lost)),
                (Poll::Pending, None) if *ended => Poll::Ready(Err(closed())),
                (Poll::Pending, None) => Poll::Pending,
            }
        }))
    }
}

fn closed() -> Failure {
    Failure::Io(io::Error::new(io::ErrorKind::NotConnected, "the connection is closed"))
}

fn typed_column(column: &tokio_postgres::Column) -> TypedColumn {
    TypedColumn {
        name: column.name().to_owned(),
        type_id: Some(column.type_().oid()),
        modifier: Some(column.type_modifier()),
        ..TypedColumn::default()
    }
}

/// Whether a text may be `DISCARD ALL` or `DEALLOCATE ALL`; that others are taken for them costs a question.
fn drops_prepared(sql: &str) -> bool {
    let has = |word: &str| {
        sql.as_bytes().windows(word.len()).any(|window| window.eq_ignore_ascii_case(word.as_bytes()))
    };
    (has("DISCARD") || has("DEALLOCATE")) && has("ALL")
}

async fn collect(client: &Client, sql: &str, outcomes: &mut Vec<Outcome>) -> Result<(), Error> {
    let mut messages = pin!(client.simple_query_raw(sql).await?);
    let mut current = Outcome::default();
    while let Some(message) = messages.next().await {
        match message? {
            SimpleQueryMessage::RowDescription(columns) => {
                current.columns = columns
                    .iter()
                    .map(|column| Column { name: column.name().to_owned(), type_id: None })
                    .collect();
            }
            SimpleQueryMessage::Row(row) => {
                let values: Result<_, Error> =
                    (0..row.len()).map(|index| Ok(row.try_get(index)?.map(str::to_owned))).collect();
                current.rows.push(values?);
            }
            SimpleQueryMessage::CommandComplete(affected) => {
                current.affected = affected;
                outcomes.push(std::mem::take(&mut current));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Says goodbye, so that the server does not log a lost connection.
impl Drop for Link {
    fn drop(&mut self) {
        self.client = None;
        if self.ended {
            return;
        }
        let messages = &mut self.messages;
        let _ = self.runtime.block_on(async {
            tokio::time::timeout(
                CLOSE_TIMEOUT,
                poll_fn(|context| {
                    loop {
                        match messages(context) {
                            Poll::Ready(Some(Ok(_))) => {}
                            Poll::Ready(Some(Err(_)) | None) => return Poll::Ready(()),
                            Poll::Pending => return Poll::Pending,
                        }
                    }
                }),
            )
            .await
        });
    }
}
