//! TLS of our own under the `mysql` crate, whose own trusts the public web's authorities beside the one that is named.
//!
//! We read the server's greeting, ask for TLS and verify the certificate. The crate then logs in through a socket in a file that
//! only this user can reach, and a thread passes on what both sides say. To the crate a socket is as safe as TLS, so it does not
//! ask for a second one; the request for TLS that it has not sent makes our packet numbers differ from its until the login ends.

use futures_util::future::select;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::io;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixListener, UnixStream};
use tokio::runtime::Runtime;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// How long closing waits for the server to take notice.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

const CLIENT_LONG_PASSWORD: u32 = 1;
const CLIENT_PROTOCOL_41: u32 = 1 << 9;
const CLIENT_SSL: u32 = 1 << 11;
const CLIENT_SECURE_CONNECTION: u32 = 1 << 15;
const CLIENT_PLUGIN_AUTH: u32 = 1 << 19;
const UTF8MB4_GENERAL_CI: u8 = 45;

/// First bytes of packets with which a login ends.
const OK: u8 = 0x00;
const ERROR: u8 = 0xff;

/// A thread between the crate and a server. Dropping it waits for the thread, so the crate's connection must go first.
pub(super) struct Tunnel {
    folder: TempDir,
    thread: Option<JoinHandle<()>>,
}

/// Why there is no tunnel.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// The server was not reached, or left.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// It refuses everyone, as one that has too many connections does.
    #[error("{message}")]
    Refused { code: u16, message: String },
    /// It has no TLS.
    #[error("the server does not support TLS")]
    NoTls,
    /// The handshake failed, mostly since the certificate is not trusted.
    #[error("TLS: {0}")]
    Tls(io::Error),
}

impl Tunnel {
    /// Connects, verifies the server by `config`, and waits for the crate at [`Tunnel::path`].
    pub fn open(host: &str, port: u16, config: ClientConfig, limit: Duration) -> Result<Tunnel, Failure> {
        let folder = tempfile::Builder::new().prefix("dunlin-").tempdir()?;
        let path = socket(&folder);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (listener, greeting, server) = runtime.block_on(async {
            let listener = UnixListener::bind(path)?;
            let (greeting, server) =
                tokio::time::timeout(limit, secured(host, port, config)).await.map_err(|_| {
                    io::Error::new(io::ErrorKind::TimedOut, format!("no answer within {} s", limit.as_secs()))
                })??;
            Ok::<_, Failure>((listener, greeting, server))
        })?;
        let thread = std::thread::spawn(move || serve(&runtime, &listener, &greeting, server));
        Ok(Tunnel { folder, thread: Some(thread) })
    }

    /// The socket for the crate.
    pub fn path(&self) -> PathBuf {
        socket(&self.folder)
    }
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        // The crate may never have come; this ends the wait for it.
        let _ = std::os::unix::net::UnixStream::connect(self.path());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn socket(folder: &TempDir) -> PathBuf {
    folder.path().join("mysql.sock")
}

/// The server's greeting for the crate, and the session behind it.
async fn secured(
    host: &str,
    port: u16,
    config: ClientConfig,
) -> Result<(Vec<u8>, TlsStream<TcpStream>), Failure> {
    let mut server = TcpStream::connect((host, port)).await?;
    server.set_nodelay(true)?;
    let mut greeting = packet(&mut server).await?;
    if let Some((code, message)) = refusal(&greeting) {
        return Err(Failure::Refused { code, message });
    }
    clear_tls(&mut greeting).ok_or(Failure::NoTls)?;
    server.write_all(&tls_request()).await?;
    let name = ServerName::try_from(host.to_owned())
        .map_err(|error| Failure::Tls(io::Error::new(io::ErrorKind::InvalidInput, error)))?;
    let session = TlsConnector::from(Arc::new(config)).connect(name, server).await.map_err(Failure::Tls)?;
    Ok((greeting, session))
}

/// Takes the offer of TLS out of a greeting; `None` if it is not in there.
fn clear_tls(greeting: &mut [u8]) -> Option<()> {
    // Header, protocol version, the server's version up to a NUL, connection id, scramble, a filler; then the flags.
    let version = greeting.get(5..)?.iter().position(|byte| *byte == 0)?;
    let flags = 5 + version + 1 + 4 + 8 + 1;
    let low = greeting.get_mut(flags..flags + 2)?;
    let value = u16::from_le_bytes([*low.first()?, *low.get(1)?]);
    let tls = u16::try_from(CLIENT_SSL).ok()?;
    low.copy_from_slice(&(value & !tls).to_le_bytes());
    (value & tls != 0).then_some(())
}

/// Code and message of an error in the greeting's place. Some servers put an SQLSTATE before the message.
fn refusal(packet: &[u8]) -> Option<(u16, String)> {
    let [_, _, _, _, ERROR, low, high, message @ ..] = packet else { return None };
    let text = String::from_utf8_lossy(message);
    let text = if text.starts_with('#') { text.get(6..).unwrap_or_default() } else { &text };
    Some((u16::from_le_bytes([*low, *high]), text.to_owned()))
}

/// `SSLRequest`: the head of a login, whose flags the server reads again in the login itself.
fn tls_request() -> Vec<u8> {
    let flags = CLIENT_LONG_PASSWORD
        | CLIENT_PROTOCOL_41
        | CLIENT_SSL
        | CLIENT_SECURE_CONNECTION
        | CLIENT_PLUGIN_AUTH;
    let mut request = vec![32, 0, 0, 1];
    request.extend(flags.to_le_bytes());
    request.extend((1_u32 << 30).to_le_bytes());
    request.push(UTF8MB4_GENERAL_CI);
    request.resize(4 + 32, 0);
    request
}

/// Passes on until one side leaves.
fn serve(runtime: &Runtime, listener: &UnixListener, greeting: &[u8], server: TlsStream<TcpStream>) {
    let _ = runtime.block_on(async {
        let (client, _) = listener.accept().await?;
        pass(client, greeting, server).await
    });
}

async fn pass(mut client: UnixStream, greeting: &[u8], server: TlsStream<TcpStream>) -> io::Result<()> {
    client.write_all(greeting).await?;
    let (mut client_reader, mut client_writer) = client.split();
    let (mut server_reader, mut server_writer) = tokio::io::split(server);
    {
        let there = pin!(to_server(&mut client_reader, &mut server_writer));
        let back = pin!(to_client(&mut server_reader, &mut client_writer));
        select(there, back).await;
    }
    let _ = tokio::time::timeout(CLOSE_TIMEOUT, server_writer.shutdown()).await;
    Ok(())
}

async fn to_server<R, W>(client: &mut R, server: &mut W) -> io::Result<()>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    loop {
        let mut packet = packet(client).await?;
        // Commands begin to count anew.
        let is_login = packet.get(3).is_some_and(|number| *number != 0);
        if is_login && let Some(number) = packet.get_mut(3) {
            *number = number.wrapping_add(1);
        }
        server.write_all(&packet).await?;
        server.flush().await?;
        if !is_login {
            break;
        }
    }
    tokio::io::copy(client, server).await.map(drop)
}

async fn to_client<R, W>(server: &mut R, client: &mut W) -> io::Result<()>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    loop {
        let mut packet = packet(server).await?;
        if let Some(number) = packet.get_mut(3) {
            *number = number.wrapping_sub(1);
        }
        client.write_all(&packet).await?;
        if matches!(packet.get(4), Some(&OK | &ERROR)) {
            break;
        }
    }
    tokio::io::copy(server, client).await.map(drop)
}

/// A packet with its header: three bytes of length, one of number.
async fn packet<R: AsyncRead + Unpin>(from: &mut R) -> io::Result<Vec<u8>> {
    let mut packet = vec![0; 4];
    from.read_exact(&mut packet).await?;
    let length = packet.iter().take(3).rev().fold(0_usize, |length, byte| length << 8 | usize::from(*byte));
    packet.resize(4 + length, 0);
    from.read_exact(packet.get_mut(4..).unwrap_or_default()).await?;
    Ok(packet)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_offer_of_tls_is_taken_out_of_a_greeting() {
        let greeting = |flags: u16| {
            let mut packet = vec![0, 0, 0, 0, 10];
            packet.extend(b"8.4.0\0\x01\0\0\0scramble\0");
            packet.extend(flags.to_le_bytes());
            packet
        };
        let mut offering = greeting(0xffff);
        assert_eq!(clear_tls(&mut offering), Some(()));
        assert_eq!(offering, greeting(0xf7ff));
        assert_eq!(clear_tls(&mut greeting(0xf7ff)), None);
        assert_eq!(clear_tls(&mut greeting(0xffff)[..12]), None);
    }

    #[test]
    fn a_refusal_instead_of_a_greeting_is_shown() {
        let expected = Some((1040, "Too many connections".to_owned()));
        assert_eq!(refusal(b"\x17\0\0\0\xff\x10\x04Too many connections"), expected);
        assert_eq!(refusal(b"\x1d\0\0\0\xff\x10\x04#08004Too many connections"), expected);
        assert_eq!(refusal(b"\x17\0\0\0\x0a8.4.0"), None);
    }

    #[test]
    fn the_request_for_tls_is_the_head_of_a_login() {
        let request = tls_request();
        assert_eq!(request.len(), 36);
        assert_eq!(request.get(..4), Some(&[32, 0, 0, 1][..]));
    }
}
