//! Refuses to build with a SQLite that lacks what the tools' own have: `.cargo/config.toml` says it, which Cargo reads in a
//! checkout only.

const NEEDED: &str = "-DSQLITE_ENABLE_MATH_FUNCTIONS";

fn main() -> Result<(), String> {
    println!("cargo:rerun-if-env-changed=LIBSQLITE3_FLAGS");
    if std::env::var("LIBSQLITE3_FLAGS").is_ok_and(|flags| flags.contains(NEEDED)) {
        return Ok(());
    }
    Err(format!(
        "LIBSQLITE3_FLAGS lacks {NEEDED}; build in a checkout of the repository, whose .cargo/config.toml sets it, or set it as there"
    ))
}
