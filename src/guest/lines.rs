//! Lines out of a pipe that does not block.

use std::io::{ErrorKind, Read};

/// More than any message needs; a line that does not end must not fill the memory.
const LONGEST: usize = 512 << 20;

/// What was read of a pipe, line by line.
#[derive(Debug)]
pub struct Lines<P> {
    pipe: P,
    buffer: Vec<u8>,
    /// Where the first line that was not taken begins.
    start: usize,
    /// Up to where there is no line break.
    searched: usize,
    closed: bool,
}

impl<P: Read> Lines<P> {
    /// Nothing read yet.
    pub fn new(pipe: P) -> Lines<P> {
        Lines { pipe, buffer: Vec::new(), start: 0, searched: 0, closed: false }
    }

    /// The pipe.
    pub fn pipe(&self) -> &P {
        &self.pipe
    }

    /// Whether nothing more will come.
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// Reads no more.
    pub fn close(&mut self) {
        self.closed = true;
    }

    /// Reads what is there.
    pub fn fill(&mut self) {
        self.buffer.drain(..self.start);
        self.searched -= self.start;
        self.start = 0;
        let mut chunk = [0; 32 << 10];
        while !self.closed {
            match self.pipe.read(&mut chunk) {
                Ok(0) => self.closed = true,
                Ok(length) => self.buffer.extend_from_slice(chunk.get(..length).unwrap_or_default()),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => self.closed = true,
            }
            if self.buffer.len() > LONGEST {
                self.closed = true;
            }
        }
    }

    /// Takes the next whole line, without its end; after the end of the pipe also one that does not end.
    pub fn next_line(&mut self) -> Option<String> {
        let rest = self.buffer.get(self.searched..)?;
        let end = match rest.iter().position(|byte| *byte == b'\n') {
            Some(position) => self.searched + position,
            None if self.closed && self.start < self.buffer.len() => self.buffer.len(),
            None => {
                self.searched = self.buffer.len();
                return None;
            }
        };
        let line = self.buffer.get(self.start..end).unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let text = String::from_utf8_lossy(line).into_owned();
        self.start = (end + 1).min(self.buffer.len());
        self.searched = self.start;
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_whole_whatever_the_pieces() {
        let text = b"{\"a\": 1}\r\nf\xc3\xa9e\n\nunfinished";
        for size in 1..text.len() {
            let mut pieces = text.chunks(size).collect::<Vec<_>>();
            pieces.reverse();
            let mut lines = Lines::new(Pieces(pieces));
            let mut taken = Vec::new();
            while !lines.is_closed() {
                lines.fill();
                taken.extend(std::iter::from_fn(|| lines.next_line()));
            }
            assert_eq!(taken, ["{\"a\": 1}", "fée", "", "unfinished"], "{size}");
        }
    }

    /// Gives a piece and then would block, in turn.
    struct Pieces<'a>(Vec<&'a [u8]>);

    impl Read for Pieces<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            match self.0.pop() {
                None => Ok(0),
                Some([]) => Err(ErrorKind::WouldBlock.into()),
                Some(piece) => {
                    buffer[..piece.len()].copy_from_slice(piece);
                    self.0.push(&[]);
                    Ok(piece.len())
                }
            }
        }
    }
}
