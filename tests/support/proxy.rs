//! A proxy before PostgreSQL, MariaDB or MySQL that writes down the statements which clients send.
//!
//! It asks for a connection without TLS, so that it can read, and passes everything on unchanged.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use super::database::{Database, ServerKind};

/// A statement as the server received it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// Which connection through the proxy, from 0.
    pub connection: usize,
    /// The text; parameters that came beside it follow in a comment.
    pub sql: String,
}

type Log = Arc<Mutex<Vec<Received>>>;

/// Listens on a port of its own until it is dropped.
pub struct Proxy {
    port: u16,
    log: Log,
    is_closed: Arc<AtomicBool>,
}

impl Proxy {
    /// A proxy before the server of a database; `None` on SQLite.
    pub fn before(database: &Database) -> Option<Self> {
        let server = database.server_address()?;
        let kind = database.kind();
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let log = Log::default();
        let is_closed = Arc::new(AtomicBool::new(false));
        let (shared_log, closed) = (Arc::clone(&log), Arc::clone(&is_closed));
        thread::spawn(move || {
            let count = AtomicUsize::new(0);
            for client in listener.incoming() {
                if closed.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(client) = client else { return };
                let number = count.fetch_add(1, Ordering::SeqCst);
                let recorder = Recorder { log: Arc::clone(&shared_log), connection: number };
                let server = server.clone();
                // A client that goes away in the middle is none of the proxy's business.
                thread::spawn(move || serve(kind, client, &server, recorder).ok());
            }
        });
        Some(Self { port, log, is_closed })
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What came since the last call.
    pub fn take(&self) -> Vec<Received> {
        std::mem::take(&mut self.log.lock().unwrap())
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.is_closed.store(true, Ordering::SeqCst);
        // Wakes the listener.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

struct Recorder {
    log: Log,
    connection: usize,
}

impl Recorder {
    fn add(&self, sql: String) {
        self.log.lock().unwrap().push(Received { connection: self.connection, sql });
    }
}

fn serve(kind: ServerKind, client: TcpStream, server: &str, recorder: Recorder) -> io::Result<()> {
    let server = TcpStream::connect(server)?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (mut answers, mut to_client) = (server.try_clone()?, client.try_clone()?);
    if kind.is_mysql_like() {
        let greeting = mysql_packet(&mut answers)?;
        to_client.write_all(&without_tls(greeting))?;
    }
    let back = thread::spawn(move || {
        let _ = io::copy(&mut answers, &mut to_client);
        let _ = to_client.shutdown(Shutdown::Write);
    });
    let ended = match kind {
        ServerKind::Postgres => postgres(client, &server, &recorder),
        _ => mysql(client, &server, &recorder),
    };
    let _ = server.shutdown(Shutdown::Write);
    let _ = back.join();
    ended
}

/// PostgreSQL's frontend: a start-up message without a type, then `type, length, body`.
fn postgres(mut client: TcpStream, mut server: &TcpStream, recorder: &Recorder) -> io::Result<()> {
    const TLS_OR_GSS: [u32; 2] = [80_877_103, 80_877_104];
    loop {
        let length = read_array::<4>(&mut client)?;
        let mut body = vec![0; (u32::from_be_bytes(length) as usize).saturating_sub(4)];
        client.read_exact(&mut body)?;
        let code = u32::from_be_bytes([body[0], body[1], body[2], body[3]]);
        if TLS_OR_GSS.contains(&code) {
            client.write_all(b"N")?;
            continue;
        }
        server.write_all(&length)?;
        server.write_all(&body)?;
        break;
    }
    let mut statements = Statements::default();
    loop {
        let mut head = [0; 5];
        if client.read(&mut head[..1])? == 0 {
            return Ok(());
        }
        client.read_exact(&mut head[1..])?;
        let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
        let mut body = vec![0; length.saturating_sub(4)];
        client.read_exact(&mut body)?;
        statements.message(head[0], &body, recorder);
        server.write_all(&[&head[..], &body].concat())?;
    }
}

/// PostgreSQL's prepared statements and portals of one connection.
#[derive(Default)]
struct Statements {
    texts: HashMap<String, String>,
    portals: HashMap<String, String>,
}

impl Statements {
    fn message(&mut self, kind: u8, body: &[u8], recorder: &Recorder) {
        let mut rest = body;
        match kind {
            b'Q' => recorder.add(text(&mut rest)),
            b'P' => {
                let name = text(&mut rest);
                self.texts.insert(name, text(&mut rest));
            }
            b'B' => {
                let (portal, statement) = (text(&mut rest), text(&mut rest));
                let sql = self.texts.get(&statement).cloned().unwrap_or_default();
                let parameters = parameters(rest).unwrap_or_default();
                let shown = if parameters.is_empty() {
                    sql
                } else {
                    format!("{sql} /* {} */", parameters.join(", "))
                };
                self.portals.insert(portal, shown);
            }
            b'E' => {
                let sql = self.portals.get(&text(&mut rest)).cloned().unwrap_or_default();
                recorder.add(sql);
            }
            _ => {}
        }
    }
}

/// The values of a Bind message behind its names.
fn parameters(mut rest: &[u8]) -> Option<Vec<String>> {
    let formats = u16::from_be_bytes(take::<2>(&mut rest)?);
    for _ in 0..formats {
        take::<2>(&mut rest)?;
    }
    let count = u16::from_be_bytes(take::<2>(&mut rest)?);
    (0..count)
        .map(|_| {
            let Ok(length) = usize::try_from(i32::from_be_bytes(take::<4>(&mut rest)?)) else {
                return Some("NULL".to_owned());
            };
            let (value, after) = rest.split_at_checked(length)?;
            rest = after;
            Some(match std::str::from_utf8(value) {
                Ok(text) => format!("{text:?}"),
                Err(_) => format!("{value:?}"),
            })
        })
        .collect()
}

/// Text up to the next zero, which is passed over.
fn text(rest: &mut &[u8]) -> String {
    let end = rest.iter().position(|byte| *byte == 0).unwrap_or(rest.len());
    let text = String::from_utf8_lossy(&rest[..end]).into_owned();
    *rest = rest.get(end + 1..).unwrap_or_default();
    text
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, after) = rest.split_first_chunk::<N>()?;
    *rest = after;
    Some(*taken)
}

fn read_array<const N: usize>(from: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    from.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// MySQL's client: packets of `length (3), sequence (1), body`. A command is one whose sequence begins anew.
fn mysql(mut client: TcpStream, mut server: &TcpStream, recorder: &Recorder) -> io::Result<()> {
    const QUERY: u8 = 3;
    const PREPARE: u8 = 22;
    const LARGEST: usize = 0x00ff_ffff;
    let mut long: Vec<u8> = Vec::new();
    loop {
        let packet = mysql_packet(&mut client)?;
        server.write_all(&packet)?;
        let (sequence, body) = (packet[3], &packet[4..]);
        if sequence != 0 && long.is_empty() {
            // Part of logging in.
            continue;
        }
        long.extend(body);
        if body.len() == LARGEST {
            continue;
        }
        let command = std::mem::take(&mut long);
        if let [QUERY | PREPARE, sql @ ..] = command.as_slice() {
            // Where both sides know of attributes of a query, it begins with how many there are: none, in one set.
            let sql = sql.strip_prefix(&[0, 1]).unwrap_or(sql);
            recorder.add(String::from_utf8_lossy(sql).into_owned());
        }
    }
}

fn mysql_packet(from: &mut impl Read) -> io::Result<Vec<u8>> {
    let head = read_array::<4>(from)?;
    let length = usize::from(head[0]) | usize::from(head[1]) << 8 | usize::from(head[2]) << 16;
    let mut packet = head.to_vec();
    packet.resize(4 + length, 0);
    from.read_exact(&mut packet[4..])?;
    Ok(packet)
}

/// A server's greeting that offers neither TLS nor compression.
fn without_tls(mut greeting: Vec<u8>) -> Vec<u8> {
    const TLS: u8 = 0x08;
    const COMPRESSION: u8 = 0x20;
    // Behind the head and the protocol's version: the server's, ended by a zero, 4 bytes, 8 bytes and a zero.
    let Some(version) = greeting.iter().skip(5).position(|byte| *byte == 0) else { return greeting };
    let capabilities = 5 + version + 1 + 4 + 8 + 1;
    if let Some(low) = greeting.get_mut(capabilities) {
        *low &= !COMPRESSION;
    }
    if let Some(high) = greeting.get_mut(capabilities + 1) {
        *high &= !TLS;
    }
    greeting
}
