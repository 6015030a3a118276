//! The `dunlin` binary: arguments in, exit code out.

fn main() {}
