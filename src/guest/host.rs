//! The host carrier: a guest as a child process of the machine's own interpreter.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io::{ErrorKind, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, kill_process_group};

use super::interrupt::Interrupt;
use super::lines::Lines;
use super::protocol::{self, EngineMessage};
use super::{CarrierError, CarrierLink};

/// How long an interpreter may take to end by itself when it is told to.
const FAREWELL: Duration = Duration::from_secs(2);

/// How often a request to stop, and whether the process still lives, are looked at.
const GLANCE: Duration = Duration::from_millis(50);

/// How many of its last lines an error quotes.
const LAST_WORDS: usize = 20;

/// What is to be run.
#[derive(Debug)]
pub struct HostCommand {
    /// How messages name it.
    pub name: String,
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// Its whole environment.
    pub environment: Vec<(OsString, OsString)>,
    /// Its working folder.
    pub folder: PathBuf,
    /// What it reads before any message: the guest's modules.
    pub input: Vec<u8>,
    /// How long it may compute between two messages.
    pub limit: Duration,
    /// Stops it.
    pub interrupt: Interrupt,
}

/// A running interpreter. Dropping it ends the process and all that it started.
pub struct HostCarrier {
    name: String,
    child: Child,
    questions: Option<ChildStdin>,
    messages: Lines<ChildStdout>,
    printed: Lines<ChildStderr>,
    last_words: VecDeque<String>,
    limit: Duration,
    interrupt: Interrupt,
}

impl HostCarrier {
    /// Starts the process.
    ///
    /// # Errors
    /// [`CarrierError::Start`]: there is no such program, or it may not be run.
    pub fn start(command: HostCommand) -> Result<HostCarrier, CarrierError> {
        let HostCommand { name, program, arguments, environment, folder, input, limit, interrupt } = command;
        let refused = |reason: String| CarrierError::Start { carrier: name.clone(), reason };
        let mut process = Command::new(&program);
        process
            .args(arguments)
            .env_clear()
            .envs(environment)
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // A group of its own, so that it can be ended with all that it starts.
            .process_group(0);
        end_with_parent(&mut process);
        let mut child = process.spawn().map_err(|error| refused(error.to_string()))?;
        let (Some(questions), Some(messages), Some(printed)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(refused("the system gave no pipes".to_owned()));
        };
        let unblocked = rustix::io::ioctl_fionbio(&questions, true)
            .and_then(|()| rustix::io::ioctl_fionbio(&messages, true))
            .and_then(|()| rustix::io::ioctl_fionbio(&printed, true));
        let mut carrier = HostCarrier {
            name: name.clone(),
            child,
            questions: Some(questions),
            messages: Lines::new(messages),
            printed: Lines::new(printed),
            last_words: VecDeque::new(),
            limit,
            interrupt,
        };
        unblocked.map_err(|error| refused(error.to_string()))?;
        carrier.send(&input, &mut |_| {})?;
        Ok(carrier)
    }

    /// Writes all of it, while the logs are read so that neither side waits for the other.
    fn send(&mut self, mut bytes: &[u8], log: &mut dyn FnMut(&str)) -> Result<(), CarrierError> {
        let deadline = Instant::now() + self.limit;
        while !bytes.is_empty() {
            let Some(pipe) = &mut self.questions else { return Err(self.ended(log)) };
            match pipe.write(bytes) {
                Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.wait(deadline, true)?;
                    self.pass_logs(log);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return Err(self.ended(log)),
            }
        }
        Ok(())
    }

    /// The next message. What was printed before it is logged before it is returned.
    fn receive(&mut self, log: &mut dyn FnMut(&str)) -> Result<String, CarrierError> {
        let deadline = Instant::now() + self.limit;
        loop {
            if let Some(message) = self.messages.next_line() {
                self.pass_logs(log);
                return Ok(message);
            }
            if self.messages.is_closed() {
                return Err(self.ended(log));
            }
            self.wait(deadline, false)?;
            self.messages.fill();
            self.pass_logs(log);
        }
    }

    fn pass_logs(&mut self, log: &mut dyn FnMut(&str)) {
        self.printed.fill();
        while let Some(line) = self.printed.next_line() {
            log(&line);
            if self.last_words.len() == LAST_WORDS {
                self.last_words.pop_front();
            }
            self.last_words.push_back(line);
        }
    }

    /// Waits until there is something to do. Ends the process when its time is over or somebody wants it to stop.
    fn wait(&mut self, deadline: Instant, to_write: bool) -> Result<(), CarrierError> {
        loop {
            if self.interrupt.is_raised() {
                self.kill();
                return Err(CarrierError::Interrupted);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                self.kill();
                return Err(CarrierError::OutOfTime { limit: self.limit });
            }
            let mut pipes = Vec::with_capacity(3);
            if let (true, Some(questions)) = (to_write, &self.questions) {
                pipes.push(PollFd::new(questions, PollFlags::OUT));
            }
            if !self.messages.is_closed() {
                pipes.push(PollFd::new(self.messages.pipe(), PollFlags::IN));
            }
            if !self.printed.is_closed() {
                pipes.push(PollFd::new(self.printed.pipe(), PollFlags::IN));
            }
            let slice = Timespec { tv_sec: 0, tv_nsec: left.min(GLANCE).subsec_nanos().into() };
            match poll(&mut pipes, Some(&slice)) {
                Ok(0) if matches!(self.child.try_wait(), Ok(None)) => {}
                Ok(0) => {
                    // It is gone, though something that it started may still hold its pipes.
                    self.messages.fill();
                    self.messages.close();
                    return Ok(());
                }
                Ok(_) => return Ok(()),
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => {
                    self.kill();
                    let said = error.to_string();
                    return Err(CarrierError::Ended { carrier: self.name.clone(), how: String::new(), said });
                }
            }
        }
    }

    /// The error for a process that is gone, or has closed its pipe and goes now.
    fn ended(&mut self, log: &mut dyn FnMut(&str)) -> CarrierError {
        self.questions = None;
        let status = self.wait_for_end(FAREWELL);
        self.pass_logs(log);
        self.printed.close();
        self.pass_logs(log);
        let said: Vec<String> = self.last_words.drain(..).collect();
        let how = status.map(|status| how_it_ended(&status)).unwrap_or_default();
        self.kill();
        CarrierError::Ended { carrier: self.name.clone(), how, said: said.join("\n") }
    }

    fn wait_for_end(&mut self, patience: Duration) -> Option<ExitStatus> {
        let deadline = Instant::now() + patience;
        let mut pause = Duration::from_micros(200);
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => return Some(status),
                Ok(None) if Instant::now() < deadline => std::thread::sleep(pause),
                _ => return None,
            }
            // A full pipe would keep it from ending.
            self.printed.fill();
            pause = (pause * 2).min(Duration::from_millis(20));
        }
    }

    fn kill(&mut self) {
        self.questions = None;
        if let Some(group) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process_group(group, Signal::KILL);
        }
        let _ = self.child.wait();
    }
}

impl CarrierLink for HostCarrier {
    fn describe(&self) -> String {
        self.name.clone()
    }

    fn converse(
        &mut self,
        message: &str,
        answer: &mut dyn FnMut(&str) -> String,
    ) -> Result<String, CarrierError> {
        let _watched = self.interrupt.watch();
        let mut next = format!("{message}\n");
        loop {
            self.send(next.as_bytes(), &mut |line| pass_log(line, answer))?;
            let heard = self.receive(&mut |line| pass_log(line, answer))?;
            if protocol::is_final(&heard) {
                return Ok(heard);
            }
            next = answer(&heard);
            next.push('\n');
        }
    }
}

/// A printed line as the message that says it.
fn pass_log(line: &str, answer: &mut dyn FnMut(&str) -> String) {
    answer(&protocol::log_message(line));
}

impl Drop for HostCarrier {
    fn drop(&mut self) {
        if let Some(mut pipe) = self.questions.take()
            && let Ok(stop) = serde_json::to_string(&EngineMessage::Stop)
        {
            let _ = pipe.write_all(format!("{stop}\n").as_bytes());
            drop(pipe);
            self.wait_for_end(FAREWELL);
        }
        self.kill();
    }
}

fn how_it_ended(status: &ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!(" with exit code {code}"),
        (None, Some(signal)) => format!(" by signal {signal}"),
        (None, None) => String::new(),
    }
}

/// Has the system end the child when this process is killed: a guest in an endless loop would never notice.
#[cfg(target_os = "linux")]
#[allow(unsafe_code, reason = "the standard library has no other way to do something between fork and exec")]
fn end_with_parent(command: &mut Command) {
    let parent = rustix::process::getpid();
    let ask = move || {
        rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
        // It may be gone already.
        if rustix::process::getppid() == Some(parent) { Ok(()) } else { Err(ErrorKind::BrokenPipe.into()) }
    };
    // SAFETY: the closure makes two system calls and allocates nothing, which is allowed after a fork.
    unsafe {
        command.pre_exec(ask);
    }
}

#[cfg(not(target_os = "linux"))]
fn end_with_parent(_command: &mut Command) {}
