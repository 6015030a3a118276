//! The little of Ruby that `config/database.yml` and plain settings are written in: read and evaluated without Ruby.
//!
//! Nothing is guessed: what is not known stops with a reason, and Ruby itself has to be asked.

pub mod evaluate;
pub mod lexer;
pub mod parser;
pub mod tree;
