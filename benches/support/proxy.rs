//! A proxy that counts how often the client has to wait for the server.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use super::server::{Database, Server};

/// Counts changes of direction on all connections made through it.
pub struct RoundTrips {
    count: Arc<AtomicUsize>,
    port: u16,
    target_port: u16,
}

impl RoundTrips {
    /// A proxy on a free port.
    pub fn to(server: &Server) -> Result<RoundTrips, String> {
        let (host, target_port) = server.address().ok_or("no address")?;
        let listener = TcpListener::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
        let port = listener.local_addr().map_err(|error| error.to_string())?.port();
        let count = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&count);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if let Ok(server) = TcpStream::connect((host.as_str(), target_port)) {
                    pass(client, server, &counted);
                }
            }
        });
        Ok(RoundTrips { count, port, target_port })
    }

    /// The database as seen through the proxy.
    pub fn through(&self, database: &Database) -> Database {
        let swap = |text: &str| text.replace(&format!(":{}/", self.target_port), &format!(":{}/", self.port));
        Database {
            url: swap(&database.url),
            jdbc: swap(&database.jdbc),
            dbmate: swap(&database.dbmate),
            sqlx: swap(&database.sqlx),
            login: database.login.clone(),
        }
    }

    /// Round trips so far.
    pub fn count(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }
}

fn pass(client: TcpStream, server: TcpStream, count: &Arc<AtomicUsize>) {
    // Whether the client spoke last: an answer after that ends a round trip.
    let client_spoke = Arc::new(AtomicBool::new(false));
    for stream in [&client, &server] {
        let _ = stream.set_nodelay(true);
    }
    let (Ok(client_reader), Ok(server_reader)) = (client.try_clone(), server.try_clone()) else { return };
    let spoke = Arc::clone(&client_spoke);
    thread::spawn(move || copy(client_reader, server, || spoke.store(true, Ordering::SeqCst)));
    let count = Arc::clone(count);
    thread::spawn(move || {
        copy(server_reader, client, || {
            if client_spoke.swap(false, Ordering::SeqCst) {
                count.fetch_add(1, Ordering::SeqCst);
            }
        });
    });
}

fn copy(mut from: TcpStream, mut to: TcpStream, mut on_data: impl FnMut()) {
    let mut buffer = vec![0_u8; 64 * 1024];
    while let Ok(length) = from.read(&mut buffer) {
        if length == 0 {
            break;
        }
        on_data();
        if to.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(std::net::Shutdown::Write);
}
