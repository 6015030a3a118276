//! Ctrl-C, and being asked to end, while the code of a migration runs or a scratch database is there.

use std::sync::OnceLock;

use super::output;
use crate::guest::Interrupt;

/// The request to stop of all guests of this process. While one is at work, the first signal asks it to stop, so that the run
/// ends with what it did taken back and told; any other ends the process, as signals do.
pub fn of_process() -> Interrupt {
    static INTERRUPT: OnceLock<Interrupt> = OnceLock::new();
    INTERRUPT
        .get_or_init(|| {
            let interrupt = Interrupt::default();
            listen(interrupt.clone());
            interrupt
        })
        .clone()
}

#[cfg(unix)]
fn listen(interrupt: Interrupt) {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;
    use signal_hook::low_level::emulate_default_handler;

    // Without it, signals end the process; what is open is rolled back by the server then.
    let Ok(mut signals) = Signals::new([SIGHUP, SIGINT, SIGTERM]) else { return };
    let wait = move || {
        for signal in signals.forever() {
            if interrupt.is_watched() && !interrupt.is_raised() {
                interrupt.raise();
                output::note("Stopping the migration; once more ends dunlin at once.");
            } else {
                crate::scratch::remove_all();
                let _ = emulate_default_handler(signal);
            }
        }
    };
    let _ = std::thread::Builder::new().name("signals".to_owned()).spawn(wait);
}

#[cfg(not(unix))]
fn listen(_interrupt: Interrupt) {}
