//! The `dunlin` binary: arguments in, exit code out.

fn main() -> std::process::ExitCode {
    dunlin::cli::main()
}
