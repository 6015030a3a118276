//! What a code migration did and was answered, so that it can be run again up to where it was and go on from there.
//!
//! Code cannot be entered in the middle. It is run again from its beginning, and what it did before the crash is answered from
//! the journal instead of being done again. Its clock and its random numbers begin as they did the first time.
//!
//! The journal keeps one line with the seed and one per operation: the answer, or nothing where the answer is a plain `ok`.

use sha2::{Digest, Sha256};

use super::code_values::refusal;
use crate::guest::protocol::Answer;

/// The largest answer that is kept, in bytes.
const LARGEST_ANSWER: usize = 4 << 20;

/// Stands for an answer too large to keep.
const TOO_LARGE: &str = "!";

/// One operation of a code migration: a statement, or a step of a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// Tells whether the same is asked again.
    pub digest: String,
    /// The answer as JSON; `None` for a plain `ok`.
    pub answer: Option<String>,
}

impl Operation {
    /// An operation with what it was answered.
    pub fn new(digest: String, answer: Option<String>) -> Operation {
        Operation { digest, answer }
    }

    /// The same.
    pub fn of(digest: String, answer: &Answer) -> Operation {
        let kept = match answer {
            Answer::Ok => None,
            other => serde_json::to_string(other).ok(),
        };
        Operation::new(digest, kept)
    }

    /// What it was answered.
    pub fn read_answer(&self) -> Answer {
        let answer = self.answer.as_deref().map_or(Ok(Answer::Ok), serde_json::from_str);
        answer.unwrap_or_else(|error| refusal(format!("the journal cannot be read: {error}")))
    }

    fn line(&self) -> &str {
        match self.answer.as_deref() {
            Some(answer) if answer.len() > LARGEST_ANSWER => TOO_LARGE,
            Some(answer) => answer,
            None => "",
        }
    }
}

/// A short digest of what was asked.
pub fn digest(kind: &str, text: &str, values: &str) -> String {
    let mut hasher = Sha256::new();
    for part in [kind, text, values] {
        hasher.update(part);
        hasher.update([0]);
    }
    hasher.finalize()[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Where code that is run again begins: the same random numbers, the same clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// Seed of everything random.
    pub seed: u64,
    /// Microseconds since 1970.
    pub now: i64,
}

impl Origin {
    /// A new one.
    pub fn fresh() -> Origin {
        Origin { seed: fastrand::u64(..), now: jiff::Timestamp::now().as_microsecond() }
    }

    /// The journal's first line.
    pub fn line(self) -> String {
        format!("{} {}", self.seed, self.now)
    }

    fn parse(line: &str) -> Option<Origin> {
        let (seed, now) = line.split_once(' ')?;
        Some(Origin { seed: seed.parse().ok()?, now: now.parse().ok()? })
    }
}

/// The lines that the journal gets for operations, each with its line break before it.
pub fn lines(operations: &[Operation]) -> String {
    operations.iter().flat_map(|operation| ["\n", operation.line()]).collect()
}

/// What the journal kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replay {
    /// Where it began.
    pub origin: Origin,
    /// What was done, in order; `Err` is the digest of one whose answer was too large to keep.
    pub operations: Vec<Result<Operation, String>>,
}

/// Reads what the journal kept: `replay` and the first `count` digests. `None` when the two do not fit.
pub fn read(replay: &str, digests: &[String], count: usize) -> Option<Replay> {
    let mut lines = replay.split('\n');
    let origin = Origin::parse(lines.next()?)?;
    let answers: Vec<&str> = lines.take(count).collect();
    if answers.len() < count || digests.len() < count {
        return None;
    }
    let operations = digests
        .iter()
        .zip(answers)
        .map(|(digest, answer)| match answer {
            TOO_LARGE => Err(digest.clone()),
            "" => Ok(Operation::new(digest.clone(), None)),
            answer => Ok(Operation::new(digest.clone(), Some(answer.to_owned()))),
        })
        .collect();
    Some(Replay { origin, operations })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operation(digest: &str, answer: Option<&str>) -> Operation {
        Operation::new(digest.to_owned(), answer.map(str::to_owned))
    }

    #[test]
    fn what_was_kept_reads_back() {
        let origin = Origin { seed: u64::MAX, now: -5 };
        let operations = [operation("aa", Some("{\"type\":\"ok\"}")), operation("bb", None)];
        let kept = format!("{}{}", origin.line(), lines(&operations));
        let digests = vec!["aa".to_owned(), "bb".to_owned(), "cc".to_owned()];
        let replay = read(&kept, &digests, 2).unwrap();
        assert_eq!(replay.origin, origin);
        assert_eq!(replay.operations, operations.map(Ok));
    }

    #[test]
    fn an_answer_that_was_too_large_is_known_as_such() {
        let kept = format!("1 2{}", lines(&[operation("aa", Some(&"x".repeat(LARGEST_ANSWER + 1)))]));
        assert_eq!(read(&kept, &["aa".to_owned()], 1).unwrap().operations, [Err("aa".to_owned())]);
    }

    #[test]
    fn lines_that_do_not_fit_the_digests_are_refused() {
        assert_eq!(read("1 2\n", &["aa".to_owned()], 2), None);
        assert_eq!(read("", &[], 0), None);
    }

    #[test]
    fn a_digest_tells_parts_apart() {
        assert_ne!(digest("query", "ab", ""), digest("query", "a", "b"));
    }
}
