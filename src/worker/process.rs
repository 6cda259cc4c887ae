//! One child process as its supervisor holds it: started with nothing of ours in its environment, spoken to by lines, killed
//! by a descriptor that can mean no other process, and never left behind.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, PidfdFlags, Resource, Rlimit, Signal, getrlimit, pidfd_open, pidfd_send_signal, prlimit};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{ChildStderr, ChildStdin, ChildStdout};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::environment::environment;
use super::limits::{DEVICE_LOST, LEAVE, LINE_BYTES, LOG_LINE_BYTES, LOG_LINES};
use super::protocol::{Order, Word, line};

/// Clock ticks a second in `/proc`, the same on every Linux we run on.
const TICKS: u64 = 100;

/// How a child ended that was not asked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Death {
    #[error("it said nothing for too long")]
    Hung,
    #[error("its time was up")]
    OverTime,
    #[error("the device was lost")]
    DeviceLost,
    #[error("it used up its processor time")]
    OverCpu,
    #[error("signal {0}")]
    Signal(i32),
    #[error("exit code {0}")]
    Exit(i32),
    #[error("it said something else than was agreed")]
    Garbled,
}

impl From<ExitStatus> for Death {
    fn from(status: ExitStatus) -> Self {
        match (status.code(), status.signal()) {
            (Some(DEVICE_LOST), _) => Self::DeviceLost,
            (Some(code), _) => Self::Exit(code),
            (None, Some(signal)) if signal == Signal::XCPU.as_raw() => Self::OverCpu,
            (None, signal) => Self::Signal(signal.unwrap_or(0)),
        }
    }
}

pub struct Process {
    pid: Pid,
    /// Means this process and no later one of the same number.
    descriptor: OwnedFd,
    orders: Option<ChildStdin>,
    words: BufReader<ChildStdout>,
    /// The line that is being read; kept here so that whoever waits for a word may stop waiting.
    heard: Vec<u8>,
    ended: oneshot::Receiver<ExitStatus>,
    status: Option<ExitStatus>,
}

impl Process {
    /// Starts `program worker` in `folder`. `keeper` names its thread.
    pub async fn start(program: &Path, folder: &Path) -> io::Result<Self> {
        let mut command = Command::new(program);
        command.arg0("musiccircles").arg("worker");
        command.env_clear().envs(environment(std::env::vars_os(), folder));
        command.current_dir(folder);
        // Ctrl-C at a terminal is meant for us alone: what a child is doing is ours to end.
        command.process_group(0);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let (tell_started, started) = oneshot::channel();
        let (tell_ended, ended) = oneshot::channel();
        // The system kills a child when the thread that started it ends. Threads of a runtime come and go; this one stays
        // until the child is gone.
        std::thread::Builder::new()
            .name("worker-keeper".to_owned())
            .spawn(move || {
                let mut child = match command.spawn() {
                    Ok(child) => child,
                    Err(error) => return drop(tell_started.send(Err(error))),
                };
                let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
                let opened = pidfd_open(Pid::from_child(&child), PidfdFlags::empty()).map_err(io::Error::from);
                let useless = opened.is_err();
                let handed = tell_started.send(opened.map(|descriptor| (Pid::from_child(&child), descriptor, pipes)));
                if useless || handed.is_err() {
                    // Nobody can watch it, or waits for it any more.
                    let _ = child.kill();
                }
                if let Ok(status) = child.wait() {
                    let _ = tell_ended.send(status);
                }
            })?;
        let gone = |_| io::Error::other("the thread of a worker ended");
        let (pid, descriptor, pipes) = started.await.map_err(gone)??;
        let (Some(orders), Some(words), Some(complaints)) = pipes else {
            return Err(io::Error::other("a worker has no pipes"));
        };
        tokio::spawn(log(ChildStderr::from_std(complaints)?, pid));
        Ok(Self {
            pid,
            descriptor,
            orders: Some(ChildStdin::from_std(orders)?),
            words: BufReader::new(ChildStdout::from_std(words)?),
            heard: Vec::new(),
            ended,
            status: None,
        })
    }

    pub fn id(&self) -> i32 {
        self.pid.as_raw_nonzero().get()
    }

    pub async fn order(&mut self, order: &Order) -> io::Result<()> {
        let bytes = line(order)?;
        let orders = self.orders.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        orders.write_all(&bytes).await?;
        orders.flush().await
    }

    /// The next word; `None` when there will be none. May be dropped while it waits: nothing is lost.
    pub async fn word(&mut self) -> Option<Result<Word, Death>> {
        loop {
            if self.heard.ends_with(b"\n") {
                let word = serde_json::from_slice(&self.heard).map_err(|_| Death::Garbled);
                self.heard.clear();
                return Some(word);
            }
            let room = LINE_BYTES.saturating_sub(self.heard.len() as u64);
            if room == 0 {
                return Some(Err(Death::Garbled));
            }
            let read = (&mut self.words).take(room).read_until(b'\n', &mut self.heard).await;
            if !matches!(read, Ok(1..)) {
                return None;
            }
        }
    }

    /// Sets how much processor time it may still use.
    pub fn allow_cpu(&self, time: Duration) -> io::Result<()> {
        let used = cpu_ticks(self.id())? / TICKS;
        let limit = Rlimit {
            current: Some(used + time.as_secs().max(1)),
            maximum: getrlimit(Resource::Cpu).maximum,
        };
        prlimit(Some(self.pid), Resource::Cpu, limit)?;
        Ok(())
    }

    pub fn kill(&self) {
        // It may be gone already.
        let _ = pidfd_send_signal(&self.descriptor, Signal::KILL);
    }

    /// Kills it and waits until it is gone; a process that a driver holds may stay, and is given up.
    pub async fn put_down(&mut self) {
        self.kill();
        if timeout(LEAVE, self.end()).await.is_err() {
            tracing::error!(worker.pid = self.id(), "a killed worker does not go");
        }
    }

    /// How it ended, once it has. Hangs for one that lives.
    pub async fn end(&mut self) -> Death {
        if self.status.is_none() {
            self.status = (&mut self.ended).await.ok();
        }
        self.status.map_or(Death::Signal(Signal::KILL.as_raw()), Death::from)
    }

    /// Ends its input, which ends it.
    pub fn dismiss(&mut self) {
        self.orders = None;
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// User and system time of a process, fields 14 and 15 of its `stat`.
fn cpu_ticks(pid: i32) -> io::Result<u64> {
    let facts = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The second field is a name that may hold anything but ends with the last bracket.
    let fields = facts.rsplit(')').next().unwrap_or_default().split_whitespace();
    let times: Vec<u64> = fields.skip(11).take(2).filter_map(|field| field.parse().ok()).collect();
    match times[..] {
        [user, system] => Ok(user + system),
        _ => Err(io::Error::from(io::ErrorKind::InvalidData)),
    }
}

/// What libraries and drivers complain of goes to our log, a bounded part of it.
async fn log(complaints: impl AsyncRead + Unpin, pid: Pid) {
    let mut complaints = BufReader::new(complaints);
    let (mut text, mut lines) = (Vec::new(), 0);
    while let Ok(1..) = (&mut complaints)
        .take(LOG_LINE_BYTES)
        .read_until(b'\n', &mut text)
        .await
    {
        lines += 1;
        if lines <= LOG_LINES {
            let text = String::from_utf8_lossy(&text);
            tracing::warn!(worker.pid = pid.as_raw_nonzero().get(), "{}", text.trim_end());
        }
        text.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_is_read_whatever_the_process_is_called() {
        assert!(cpu_ticks(std::process::id() as i32).is_ok());
        assert!(cpu_ticks(i32::MAX).is_err());
    }
}
