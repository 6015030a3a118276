//! The public tools that compile plugins, and what to install where one is missing.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::super::failure::Failure;

/// The language of a plugin's source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// A Rust crate.
    Rust,
    /// A JavaScript module.
    JavaScript,
    /// A Python module.
    Python,
}

impl Language {
    /// The language of a folder.
    pub fn of(source: &Path) -> Result<Language, Failure> {
        let has = |name: &str| source.join(name).is_file();
        match (has("Cargo.toml"), has("package.json"), has("app.py")) {
            (true, _, _) => Ok(Language::Rust),
            (false, true, _) => Ok(Language::JavaScript),
            (false, false, true) => Ok(Language::Python),
            (false, false, false) => Err(Failure::new(
                "PLUGIN_SOURCE",
                format!("{} has no Cargo.toml, package.json or app.py", source.display()),
            )
            .help("`dunlin plugin new NAME` makes a skeleton.")),
        }
    }
}

/// What a compiler made.
pub struct Built {
    /// The core module or component.
    pub file: PathBuf,
    /// In a few words, by what.
    pub how: String,
}

/// Compiles a plugin's source.
pub fn compile(source: &Path, language: Language) -> Result<Built, Failure> {
    match language {
        Language::Rust => rust(source),
        Language::JavaScript => javascript(source),
        Language::Python => python(source),
    }
}

const TARGET: &str = "wasm32-unknown-unknown";

/// Settings of a release build that keep it small. A plugin's own profile may say otherwise where cargo's `--config` does not.
const SMALL: [&str; 5] = [
    "profile.release.opt-level=\"s\"",
    "profile.release.lto=true",
    "profile.release.codegen-units=1",
    "profile.release.panic=\"abort\"",
    "profile.release.strip=true",
];

fn rust(source: &Path) -> Result<Built, Failure> {
    let (mut cargo, how) = match rustup_has_target() {
        true => {
            let mut cargo = Command::new("cargo");
            cargo.args(["build", "--release", "--target", TARGET]);
            (cargo, format!("cargo for {TARGET}"))
        }
        false => debian().ok_or_else(no_rust_target)?,
    };
    for setting in SMALL {
        cargo.args(["--config", setting]);
    }
    cargo.args(["--lib", "--message-format=json-render-diagnostics"]).current_dir(source);
    let output = finish(&mut cargo, "cargo", "Install Rust with rustup.")?;
    let file = artifact(&output).ok_or_else(|| {
        Failure::new("PLUGIN_BUILD", format!("{} makes no WebAssembly module", source.display()))
            .help("Its Cargo.toml needs `[lib] crate-type = [\"cdylib\"]`.")
    })?;
    Ok(Built { file, how })
}

/// The `.wasm` file that cargo's messages name last: the crate's own comes after those it depends on.
fn artifact(messages: &str) -> Option<PathBuf> {
    let file = |line: &str| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        let files = message.get("filenames")?.as_array()?.clone();
        files.iter().filter_map(|file| file.as_str()).find(|file| file.ends_with(".wasm")).map(PathBuf::from)
    };
    messages.split('\n').filter_map(file).next_back()
}

/// Whether the Rust in use has the target's standard library.
fn rustup_has_target() -> bool {
    let output = Command::new("rustc").args(["--print", "target-libdir", "--target", TARGET]).output();
    output.is_ok_and(|output| {
        let folder = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        output.status.success()
            && std::fs::read_dir(folder).is_ok_and(|mut files| {
                files.any(|file| {
                    file.is_ok_and(|file| file.file_name().to_string_lossy().starts_with("libstd-"))
                })
            })
    })
}

/// Debian's Rust, which compiles the standard library from its sources (packages rustc-web, cargo-web, rust-web-src). It has
/// no linker for the target; that of any other Rust on the machine, or LLVM's, does.
fn debian() -> Option<(Command, String)> {
    const SOURCES: [&str; 2] =
        ["/usr/lib/rustlib/src/rust/library/std/Cargo.toml", "/usr/src/rustc-web/library/std/Cargo.toml"];
    let (rustc, cargo) = (Path::new("/usr/bin/rustc"), Path::new("/usr/bin/cargo"));
    if !rustc.is_file() || !cargo.is_file() || !SOURCES.iter().any(|source| Path::new(source).is_file()) {
        return None;
    }
    let mut command = Command::new(cargo);
    command
        .args(["build", "--release", "--target", TARGET, "-Zbuild-std=std,panic_abort"])
        .env("RUSTC", rustc)
        // The sources belong to this very compiler.
        .env("RUSTC_BOOTSTRAP", "1")
        .env_remove("RUSTUP_TOOLCHAIN")
        .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker()?);
    Some((command, "Debian's cargo, with the standard library from its sources".to_owned()))
}

/// A `wasm-ld`.
fn linker() -> Option<PathBuf> {
    let on_path = |name: &str| {
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
    };
    let of_rustup = || {
        let output = Command::new("rustc").args(["--print", "sysroot"]).output().ok()?;
        let sysroot = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
        let hosts = std::fs::read_dir(sysroot.join("lib/rustlib")).ok()?;
        hosts.flatten().map(|host| host.path().join("bin/rust-lld")).find(|file| file.is_file())
    };
    on_path("rust-lld").or_else(of_rustup).or_else(|| on_path("wasm-ld")).or_else(|| {
        let versions = (14..40).rev().map(|version| format!("wasm-ld-{version}"));
        versions.filter_map(|name| on_path(&name)).next()
    })
}

fn no_rust_target() -> Failure {
    Failure::new("PLUGIN_BUILD", format!("this Rust cannot compile for {TARGET}")).help(format!(
        "Run `rustup target add {TARGET}`. Where there is no rustup, on Debian: `apt-get install rustc-web cargo-web rust-web-src lld`."
    ))
}

fn javascript(source: &Path) -> Result<Built, Failure> {
    const INSTALL: &str = "Run `npm install` in the plugin's folder, with Node.js 20 or later.";
    let file = built_file(source)?;
    let mut node = Command::new("node");
    node.args(["--input-type=module", "--eval", include_str!("componentize.mjs"), "app.js", "../wit"])
        .arg(format!("dunlin:migration/{}", world_of(source)))
        .arg(&file)
        .current_dir(source);
    finish(&mut node, "node", INSTALL).map_err(|failure| failure.help(INSTALL))?;
    Ok(Built { file, how: "componentize-js".to_owned() })
}

fn python(source: &Path) -> Result<Built, Failure> {
    const INSTALL: &str = "Run `pip install componentize-py`, or put it into `.venv` in the plugin's folder.";
    let file = built_file(source)?;
    let own = source.join(".venv/bin/componentize-py");
    let program = if own.is_file() {
        std::path::absolute(&own).unwrap_or(own)
    } else {
        PathBuf::from("componentize-py")
    };
    let mut componentize = Command::new(&program);
    componentize
        .args(["--wit-path", "../wit", "--world"])
        .arg(format!("dunlin:migration/{}", world_of(source)))
        .args(["componentize", "--stub-wasi", "app", "--output"])
        .arg(&file)
        .current_dir(source);
    finish(&mut componentize, "componentize-py", INSTALL)?;
    Ok(Built { file, how: "componentize-py".to_owned() })
}

/// The world of a plugin that is not Rust: what its `world` file says.
fn world_of(source: &Path) -> String {
    let text = std::fs::read_to_string(source.join("world")).unwrap_or_default();
    match text.trim() {
        "" => "transform".to_owned(),
        world => world.to_owned(),
    }
}

/// Where the component goes before it is checked.
fn built_file(source: &Path) -> Result<PathBuf, Failure> {
    let folder = std::path::absolute(source.join("build"));
    let folder = folder.and_then(|folder| std::fs::create_dir_all(&folder).map(|()| folder));
    let folder = folder.map_err(|error| {
        Failure::new("OUTPUT", format!("{} cannot be written: {error}", source.join("build").display()))
    })?;
    Ok(folder.join("plugin.wasm"))
}

/// Runs a compiler; what it says about the source is shown as it is.
fn finish(command: &mut Command, name: &str, install: &str) -> Result<String, Failure> {
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn();
    let output = child.and_then(std::process::Child::wait_with_output).map_err(|error| {
        let failure = Failure::new("PLUGIN_BUILD", format!("{name} cannot be run: {error}"));
        if error.kind() == io::ErrorKind::NotFound { failure.help(install) } else { failure }
    })?;
    if !output.status.success() {
        return Err(Failure::new("PLUGIN_BUILD", format!("{name} failed ({})", output.status)));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
