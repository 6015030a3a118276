//! The clock and the randomness of a guest. While a migration runs, both are the same every time it is run.

use std::cell::RefCell;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sha2::{Digest, Sha256};

/// See the module.
#[derive(Debug, Default)]
pub struct Sources(RefCell<Replaced>);

#[derive(Debug, Default)]
struct Replaced {
    seed: Option<u64>,
    /// How many blocks of randomness were made of it.
    blocks: u64,
    /// The rest of the last one.
    rest: Vec<u8>,
    /// Microseconds since 1970.
    now: Option<u64>,
}

impl Sources {
    /// Begins anew with a seed and a time in microseconds since 1970; the system's own for each that is not given.
    pub fn set(&self, seed: Option<u64>, now: Option<u64>) {
        *self.0.borrow_mut() = Replaced { seed, now, ..Replaced::default() };
    }

    /// Milliseconds since 1970. A replaced clock goes on by a microsecond each time that it is read: no two readings are the
    /// same, and the same code reads the same times.
    pub fn now(&self) -> f64 {
        match &mut self.0.borrow_mut().now {
            Some(now) => {
                *now += 1;
                milliseconds(Duration::from_micros(*now - 1))
            }
            None => milliseconds(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()),
        }
    }

    /// Time passed while the guest slept.
    pub fn advance(&self, time: Duration) {
        if let Some(now) = &mut self.0.borrow_mut().now {
            *now += u64::try_from(time.as_micros()).unwrap_or(0);
        }
    }

    /// Random bytes.
    pub fn fill(&self, buffer: &mut [u8]) {
        let mut replaced = self.0.borrow_mut();
        let Some(seed) = replaced.seed else {
            rand::fill(buffer);
            return;
        };
        for byte in buffer {
            if replaced.rest.is_empty() {
                let mut hasher = Sha256::new();
                hasher.update(seed.to_le_bytes());
                hasher.update(replaced.blocks.to_le_bytes());
                replaced.rest = hasher.finalize().to_vec();
                replaced.blocks += 1;
            }
            *byte = replaced.rest.pop().unwrap_or_default();
        }
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaced_sources_say_the_same_again() {
        let sources = Sources::default();
        let read = |seed| {
            sources.set(Some(seed), Some(1_000_000));
            let mut bytes = [0; 100];
            sources.fill(&mut bytes[..7]);
            sources.fill(&mut bytes[7..]);
            (bytes, sources.now(), sources.now())
        };
        let first = read(7);
        assert_eq!(first, read(7));
        assert_ne!(first.0, read(8).0);
        assert_eq!(first.1, 1000.0);
        assert!(first.2 > first.1 && first.2 < 1000.1);
    }
}
