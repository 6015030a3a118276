//! In which rows of the journal the operations of a code migration are kept.
//!
//! They are kept in parts, a row each: one text for all would be written anew with each addition, and could grow beyond what the
//! server takes in one packet.

use crate::engine::journal::Entry;
use crate::engine::replay::Operation;

/// How long a part may grow, in bytes; one operation alone may be longer.
const LONGEST: usize = 64 << 10;

/// Where the journal ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    part: usize,
    bytes: usize,
}

/// Operations that are added to one part.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Piece<'o> {
    /// The part, from 0.
    pub(super) part: usize,
    /// Whether it begins with them.
    pub(super) is_new: bool,
    /// The operations.
    pub(super) operations: &'o [Operation],
}

impl Place {
    /// Behind an entry that was just begun.
    pub(super) const BEGIN: Place = Place { part: 0, bytes: 0 };

    /// Behind an entry that was read. How long its last part is does not matter: a new one is begun.
    pub(super) fn behind(entry: &Entry) -> Place {
        Place { part: entry.part, bytes: LONGEST }
    }

    /// Cuts operations into pieces, at least one, and tells where the journal ends behind them.
    pub(super) fn cut(self, operations: &[Operation]) -> (Vec<Piece<'_>>, Place) {
        let mut place = self;
        let mut pieces = Vec::new();
        let mut is_new = false;
        let mut begin = 0;
        for (index, operation) in operations.iter().enumerate() {
            let size = operation.digest.len() + operation.answer.as_ref().map_or(0, String::len) + 2;
            if place.bytes > 0 && place.bytes.saturating_add(size) > LONGEST {
                if let Some(done) = operations.get(begin..index).filter(|done| !done.is_empty()) {
                    pieces.push(Piece { part: place.part, is_new, operations: done });
                }
                place = Place { part: place.part + 1, bytes: 0 };
                (is_new, begin) = (true, index);
            }
            place.bytes = place.bytes.saturating_add(size);
        }
        let rest = operations.get(begin..).unwrap_or_default();
        pieces.push(Piece { part: place.part, is_new, operations: rest });
        (pieces, place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operations(sizes: &[usize]) -> Vec<Operation> {
        sizes.iter().map(|size| Operation::new("d".to_owned(), Some("a".repeat(*size)))).collect()
    }

    fn shown(place: Place, sizes: &[usize]) -> (Vec<(usize, bool, usize)>, Place) {
        let operations = operations(sizes);
        let (pieces, place) = place.cut(&operations);
        (pieces.iter().map(|piece| (piece.part, piece.is_new, piece.operations.len())).collect(), place)
    }

    #[test]
    fn a_part_that_is_full_is_followed_by_a_new_one() {
        let (pieces, place) = shown(Place::BEGIN, &[1, LONGEST / 2, LONGEST / 4]);
        assert_eq!(pieces, [(0, false, 3)]);
        let (pieces, place) = shown(place, &[LONGEST / 2, LONGEST / 2, 2 * LONGEST, 1]);
        assert_eq!(pieces, [(1, true, 1), (2, true, 1), (3, true, 1), (4, true, 1)]);
        assert_eq!(place.part, 4);
        assert_eq!(shown(place, &[1, LONGEST]).0, [(4, false, 1), (5, true, 1)]);
    }

    #[test]
    fn nothing_to_add_still_says_where_the_migration_is() {
        let entry = Place { part: 3, bytes: LONGEST };
        assert_eq!(shown(entry, &[]), (vec![(3, false, 0)], entry));
        assert_eq!(shown(entry, &[1]).0, [(4, true, 1)]);
    }
}
