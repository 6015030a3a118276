//! Saying something to the person who migrates.

/// For who looks closely.
pub fn debug(message: &str) {
    write("debug", message);
}

/// What happens.
pub fn info(message: &str) {
    write("info", message);
}

/// What should be looked at.
pub fn warning(message: &str) {
    write("warning", message);
}

#[cfg(target_arch = "wasm32")]
fn write(level: &str, message: &str) {
    use crate::bindings::log::{self, Level};
    let level = match level {
        "debug" => Level::Debug,
        "info" => Level::Info,
        "warning" => Level::Warning,
        _ => Level::Error,
    };
    log::write(level, message);
}

#[cfg(not(target_arch = "wasm32"))]
fn write(level: &str, message: &str) {
    eprintln!("{level}: {message}");
}

/// Lets the reason of a panic out, which WebAssembly has no other way for.
#[cfg(target_arch = "wasm32")]
pub(crate) fn report_panics() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        std::panic::set_hook(Box::new(|panic| {
            let message = panic.payload_as_str().unwrap_or("a panic");
            let place = panic.location().map(|place| format!(" at {}:{}", place.file(), place.line()));
            write("error", &format!("{message}{}", place.unwrap_or_default()));
        }));
    });
}

#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn report_panics() {}
