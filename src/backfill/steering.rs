//! How many rows the next chunk has: so many that it takes the time that a chunk should take. Pure.

use std::time::Duration;

/// The first chunk, when nothing is known yet.
const FIRST: u64 = 500;
/// No chunk has more, however fast they are: what a chunk locks, it locks until it commits.
const MOST: u64 = 200_000;
/// The most that one chunk may be larger than the one before.
const GROWTH: f64 = 2.0;
/// The least that one chunk may be smaller than the one before, short of a failure.
const SHRINKING: f64 = 0.25;
/// The most bytes that a chunk may read, about.
pub const MOST_BYTES: u64 = 16 << 20;

/// Steers the size of chunks.
#[derive(Debug, Clone)]
pub struct Steering {
    target: Duration,
    limit: u64,
    rows: u64,
    /// Bytes that a row has, as far as known.
    row_bytes: Option<f64>,
}

impl Steering {
    /// Begins with `size` rows, which no later chunk exceeds, or small without one. `row_bytes` is what the server's
    /// statistics say.
    pub fn new(target: Duration, size: Option<u64>, row_bytes: Option<f64>) -> Steering {
        Steering { target, limit: size.unwrap_or(MOST), rows: size.unwrap_or(FIRST), row_bytes }
    }

    /// Takes up where another process had come to.
    pub fn resume(&mut self, rows: u64) {
        self.rows = rows.clamp(1, self.limit);
    }

    /// How many rows the next chunk may have.
    pub fn rows(&self) -> u64 {
        let by_bytes = self.row_bytes.filter(|bytes| *bytes > 0.0).map_or(u64::MAX, |bytes| {
            // Rounded down; below one row there is nothing to go.
            (MOST_BYTES as f64 / bytes) as u64
        });
        self.rows.min(by_bytes).clamp(1, self.limit)
    }

    /// Learns from a chunk that was done: its rows, the bytes that were read of them, and its time.
    pub fn learn(&mut self, rows: u64, bytes: u64, elapsed: Duration) {
        if rows == 0 {
            return;
        }
        if bytes > 0 {
            let measured = bytes as f64 / rows as f64;
            self.row_bytes = Some(self.row_bytes.map_or(measured, |known| known.midpoint(measured)));
        }
        // A short chunk, as the last one of a pass is, says little about long ones.
        if rows.saturating_mul(2) < self.rows && elapsed <= self.target {
            return;
        }
        let seconds = elapsed.as_secs_f64().max(0.000_1);
        let fitting = rows as f64 * self.target.as_secs_f64() / seconds;
        let current = self.rows as f64;
        self.rows = (fitting.clamp(current * SHRINKING, current * GROWTH) as u64).clamp(1, self.limit);
    }

    /// A chunk met somebody else's lock, took too long, or kept somebody waiting.
    pub fn shrink(&mut self) {
        self.rows = (self.rows / 2).max(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TARGET: Duration = Duration::from_millis(500);

    /// Chunks on a server that does so many rows per second, until the size is steady.
    fn steady(steering: &mut Steering, rows_per_second: f64) -> u64 {
        for _ in 0..20 {
            let rows = steering.rows();
            steering.learn(rows, 0, Duration::from_secs_f64(rows as f64 / rows_per_second));
        }
        steering.rows()
    }

    #[test]
    fn chunks_come_to_take_the_time_they_should() {
        for rows_per_second in [100.0, 40_000.0, 390_000.0] {
            let size = steady(&mut Steering::new(TARGET, None, None), rows_per_second) as f64;
            let seconds = size / rows_per_second;
            assert!((0.45..=0.55).contains(&seconds), "{rows_per_second}: {seconds}");
        }
    }

    #[test]
    fn chunks_follow_a_server_that_slows_down() {
        let mut steering = Steering::new(TARGET, None, None);
        steady(&mut steering, 40_000.0);
        assert_eq!(steady(&mut steering, 2_000.0), 1_000);
    }

    #[test]
    fn the_size_that_is_asked_for_is_not_exceeded() {
        let mut steering = Steering::new(TARGET, Some(10_000), None);
        assert_eq!(steering.rows(), 10_000);
        assert_eq!(steady(&mut steering, 1e9), 10_000);
        assert_eq!(steady(&mut steering, 2_000.0), 1_000);
    }

    #[test]
    fn bytes_are_bounded_too() {
        let mut steering = Steering::new(TARGET, None, Some(1_048_576.0));
        assert_eq!(steering.rows(), 16);
        for _ in 0..30 {
            let rows = steering.rows();
            steering.learn(rows, rows * 100, Duration::from_millis(1));
        }
        assert!(steering.rows() > 16_000, "the statistics were wrong");
    }

    #[test]
    fn a_short_chunk_at_the_end_changes_little() {
        let mut steering = Steering::new(TARGET, None, None);
        let size = steady(&mut steering, 40_000.0);
        steering.learn(3, 0, Duration::from_micros(10));
        steering.learn(3, 0, Duration::from_millis(100));
        assert_eq!(steering.rows(), size);
    }

    #[test]
    fn a_size_never_falls_below_one_row() {
        let mut steering = Steering::new(TARGET, None, None);
        for _ in 0..100 {
            steering.shrink();
        }
        assert_eq!(steering.rows(), 1);
        steering.learn(1, 0, Duration::from_secs(100));
        assert_eq!(steering.rows(), 1);
    }
}
