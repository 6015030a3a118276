//! Timing whole processes.

use std::process::{Command, Stdio};
use std::time::Instant;

/// A median.
#[derive(Debug, Clone, Copy)]
pub struct Figure {
    /// Wall clock.
    pub milliseconds: f64,
    /// Largest resident memory.
    pub peak_megabytes: f64,
}

/// Runs `once` several times after a warm-up and takes the median of each figure.
pub fn median_of(runs: usize, mut once: impl FnMut() -> Result<Figure, String>) -> Result<Figure, String> {
    if runs > 1 {
        once()?;
    }
    let figures: Vec<Figure> = (0..runs.max(1)).map(|_| once()).collect::<Result<_, _>>()?;
    let median = |of: fn(&Figure) -> f64| {
        let mut values: Vec<f64> = figures.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    Ok(Figure {
        milliseconds: median(|figure| figure.milliseconds),
        peak_megabytes: median(|figure| figure.peak_megabytes),
    })
}

/// Runs a command to its end. GNU time, where it is installed, tells the peak of memory.
pub fn time(
    command: &[String],
    environment: &[(String, String)],
    directory: &std::path::Path,
) -> Result<Figure, String> {
    let with_time = std::path::Path::new("/usr/bin/time").exists();
    let mut words: Vec<&str> = if with_time { vec!["/usr/bin/time", "-f", "peak=%M"] } else { Vec::new() };
    words.extend(command.iter().map(String::as_str));
    let (program, arguments) = words.split_first().ok_or("no command")?;
    let started = Instant::now();
    let output = Command::new(program)
        .args(arguments)
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .current_dir(directory)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{program}: {error}"))?;
    let milliseconds = started.elapsed().as_secs_f64() * 1e3;
    let stderr = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        let stdout = String::from_utf8_lossy(&output.stdout);
        let shown: String = format!("{stdout}{stderr}").chars().take(400).collect();
        return Err(format!("failed: {shown}"));
    }
    let peak = stderr.rsplit("peak=").next().and_then(|text| text.trim().parse::<f64>().ok()).unwrap_or(0.0);
    Ok(Figure { milliseconds, peak_megabytes: peak / 1024.0 })
}
