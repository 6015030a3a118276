//! The clock and the randomness of a guest. While a migration runs, both are the same every time it is run.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sha2::{Digest, Sha256};

/// See the module. Clones are the same sources.
#[derive(Debug, Clone, Default)]
pub struct Sources(Arc<Mutex<Replaced>>);

#[derive(Debug, Default)]
struct Replaced {
    seed: Option<u64>,
    /// How many blocks of randomness were made of it.
    blocks: u64,
    /// The rest of the last one.
    rest: Vec<u8>,
    /// Microseconds since 1970.
    now: Option<u64>,
    /// What it began with.
    begin: u64,
    /// How often [`Sources::enter`] was called.
    stage: u64,
}

/// How much later the clock is after [`Sources::enter`], in microseconds, however often it was read before.
const STAGE: u64 = 1000;

impl Sources {
    /// Begins anew with a seed and a time in microseconds since 1970; the system's own for each that is not given.
    pub fn set(&self, seed: Option<u64>, now: Option<u64>) {
        *self.lock() = Replaced { seed, now, begin: now.unwrap_or_default(), ..Replaced::default() };
    }

    /// Goes on in a way that does not depend on what was read so far: libraries read more before the first migration of a process
    /// than before others, and a migration that is run again may be the first.
    pub fn enter(&self) {
        let mut replaced = self.lock();
        replaced.stage += 1;
        replaced.blocks = 0;
        replaced.rest.clear();
        let later = replaced.begin + replaced.stage * STAGE;
        replaced.now = replaced.now.map(|now| now.max(later));
    }

    fn lock(&self) -> MutexGuard<'_, Replaced> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The time since 1970. A replaced clock goes on by a microsecond each time that it is read: no two readings are the
    /// same, and the same code reads the same times.
    pub fn now(&self) -> Duration {
        match &mut self.lock().now {
            Some(now) => {
                *now += 1;
                Duration::from_micros(*now - 1)
            }
            None => SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default(),
        }
    }

    /// Time passed while the guest slept.
    pub fn advance(&self, time: Duration) {
        if let Some(now) = &mut self.lock().now {
            *now += u64::try_from(time.as_micros()).unwrap_or(0);
        }
    }

    /// Random bytes.
    pub fn fill(&self, buffer: &mut [u8]) {
        let mut replaced = self.lock();
        let Some(seed) = replaced.seed else {
            rand::fill(buffer);
            return;
        };
        for byte in buffer {
            if replaced.rest.is_empty() {
                let mut hasher = Sha256::new();
                hasher.update(seed.to_le_bytes());
                hasher.update(replaced.stage.to_le_bytes());
                hasher.update(replaced.blocks.to_le_bytes());
                replaced.rest = hasher.finalize().to_vec();
                replaced.blocks += 1;
            }
            *byte = replaced.rest.pop().unwrap_or_default();
        }
    }
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
        assert_eq!(first.1, Duration::from_secs(1));
        assert_eq!(first.2, first.1 + Duration::from_micros(1));
    }

    #[test]
    fn what_was_read_before_changes_nothing_behind() {
        let sources = Sources::default();
        let read = |before| {
            sources.set(Some(7), Some(1_000_000));
            let (mut few, mut bytes) = (vec![0; before], [0; 40]);
            sources.fill(&mut few);
            for _ in 0..before {
                sources.now();
            }
            sources.enter();
            sources.fill(&mut bytes);
            assert!(before == 0 || !bytes.starts_with(&few), "what was given once is given again");
            (bytes, sources.now())
        };
        assert_eq!(read(0), read(9));
        assert_eq!(read(0).1, Duration::from_micros(1_001_000));
    }
}
