//! A proxy that counts how often a client has to wait for the server. The benchmark uses it, too.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

/// Counts the connections made through it, and on all of them the changes of direction.
pub struct RoundTrips {
    connections: Arc<AtomicUsize>,
    count: Arc<AtomicUsize>,
    port: u16,
}

impl RoundTrips {
    /// A proxy on a free port to a server on this machine.
    pub fn to(server_port: u16) -> RoundTrips {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let proxy = RoundTrips {
            connections: Arc::new(AtomicUsize::new(0)),
            count: Arc::new(AtomicUsize::new(0)),
            port,
        };
        let (connections, count) = (Arc::clone(&proxy.connections), Arc::clone(&proxy.count));
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                connections.fetch_add(1, Ordering::SeqCst);
                if let Ok(server) = TcpStream::connect(("127.0.0.1", server_port)) {
                    pass(client, server, &count);
                }
            }
        });
        proxy
    }

    /// Where it listens, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Connections so far.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
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
        if to.write_all(buffer.get(..length).unwrap_or_default()).is_err() {
            break;
        }
    }
    let _ = to.shutdown(std::net::Shutdown::Write);
}
