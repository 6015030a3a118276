//! Timing whole processes.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What several runs came to.
#[derive(Debug, Clone, Copy)]
pub struct Figure {
    /// Wall clock, the median.
    pub milliseconds: f64,
    /// Wall clock, the least: what other processes on the machine disturb least.
    pub least: f64,
    /// Largest resident memory, where GNU time is there to tell.
    pub peak_megabytes: Option<f64>,
}

/// What one figure may take altogether; what is slow needs fewer runs for the same certainty.
const PATIENCE: Duration = Duration::from_secs(5);

/// Runs `once` several times after a warm-up, as often as patience lasts but twice at least, and takes the median of each figure.
pub fn median_of(runs: usize, mut once: impl FnMut() -> Result<Figure, String>) -> Result<Figure, String> {
    let started = Instant::now();
    once()?;
    let mut figures = Vec::new();
    while figures.len() < 2 || (figures.len() < runs && started.elapsed() < PATIENCE) {
        figures.push(once()?);
    }
    let median = |values: Vec<f64>| {
        let mut values = values;
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied()
    };
    let times: Vec<f64> = figures.iter().map(|figure| figure.milliseconds).collect();
    let least = times.iter().copied().fold(f64::INFINITY, f64::min);
    let peaks = figures.iter().filter_map(|figure| figure.peak_megabytes).collect();
    Ok(Figure { milliseconds: median(times).unwrap_or_default(), least, peak_megabytes: median(peaks) })
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
    let peak = stderr.rsplit("peak=").next().and_then(|text| text.trim().parse::<f64>().ok());
    Ok(Figure { milliseconds, least: milliseconds, peak_megabytes: peak.map(|kilobytes| kilobytes / 1024.0) })
}
