//! One worker's supervisor: starts a child, hands it one piece of work after another, watches it, and starts the next child
//! when this one has died.

use std::collections::VecDeque;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, mpsc, watch};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::errand::{Errand, Left, Run, WorkFailed};
use super::limits::{DEATHS, DEATHS_WITHIN, HELLO, LEAVE, RESTARTS, SLOW_RESTART};
use super::process::{Death, Process};
use super::protocol::{Order, Setup, VERSION, Word};
use super::settings::Settings;

/// How many workers of a lane are up, and how many have given up for now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    pub workers: usize,
    pub up: usize,
    pub broken: usize,
    /// What the one that came up last draws and encodes with.
    pub device: Option<Device>,
    /// Why the one that failed to start last did; `None` since one came up.
    pub trouble: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    pub adapter: String,
    pub encoder: String,
    /// Why not another encoder, where the choice was the program's.
    pub passed_over: Vec<String>,
}

/// What the workers of one lane share.
pub struct Lane {
    pub settings: Arc<Settings>,
    pub errands: Mutex<mpsc::Receiver<Errand>>,
    pub health: watch::Sender<Health>,
    /// No new work; what runs may end.
    pub stopping: CancellationToken,
    /// What runs is put back.
    pub stop_now: CancellationToken,
}

impl Lane {
    async fn next(&self) -> Option<Errand> {
        self.errands.lock().await.recv().await
    }
}

/// What a child was doing when it was let go.
enum Served {
    Stopped,
    Died,
    /// Killed because a person would not wait: nothing is wrong with it.
    Replaced,
}

pub async fn run(lane: Arc<Lane>) {
    let mut deaths = VecDeque::new();
    while !lane.stopping.is_cancelled() {
        let started = tokio::select! {
            started = begin(&lane.settings) => started,
            () = lane.stopping.cancelled() => return,
        };
        let served = match started {
            Ok((process, device)) => {
                lane.health.send_modify(|health| {
                    health.up += 1;
                    (health.device, health.trouble) = (Some(device), None);
                });
                let served = serve(&lane, process).await;
                lane.health.send_modify(|health| health.up -= 1);
                served
            }
            Err(sentence) => {
                tracing::error!("a worker did not start: {sentence}");
                lane.health.send_modify(|health| health.trouble = Some(sentence));
                Served::Died
            }
        };
        match served {
            Served::Stopped => return,
            Served::Replaced => {}
            Served::Died => {
                let pause = pause_after_death(&mut deaths, Instant::now());
                let broken = deaths.len() >= DEATHS;
                wait(&lane, pause, broken).await;
            }
        }
    }
}

fn pause_after_death(deaths: &mut VecDeque<Instant>, now: Instant) -> Duration {
    deaths.push_back(now);
    while deaths.front().is_some_and(|&first| now - first > DEATHS_WITHIN) || deaths.len() > DEATHS {
        deaths.pop_front();
    }
    if deaths.len() >= DEATHS {
        SLOW_RESTART
    } else {
        RESTARTS[deaths.len() - 1]
    }
}

/// Waits before the next start. While every worker of the lane does the same, whoever asks is told so at once.
async fn wait(lane: &Lane, pause: Duration, broken: bool) {
    if broken {
        lane.health.send_modify(|health| health.broken += 1);
    }
    let end = Instant::now() + pause;
    loop {
        let all_broken = {
            let health = lane.health.borrow();
            health.broken == health.workers
        };
        let refused = async {
            if !all_broken {
                return pending().await;
            }
            lane.next().await
        };
        tokio::select! {
            () = sleep_until(end) => break,
            () = lane.stopping.cancelled() => break,
            Some(errand) = refused => drop(errand.reply.send(Err(WorkFailed::NotReady))),
        }
    }
    if broken {
        lane.health.send_modify(|health| health.broken -= 1);
    }
}

/// A child that said hello.
async fn begin(settings: &Settings) -> Result<(Process, Device), String> {
    let process = Process::start(&settings.program, &settings.folder).await;
    let mut process = process.map_err(|error| error.to_string())?;
    let setup = Order::Setup(Setup {
        version: VERSION,
        adapter: settings.adapter.clone(),
        encoder: settings.encoder.clone(),
        cores: settings.cores,
        folder: settings.folder.clone(),
        memory_bytes: settings.memory_bytes,
    });
    process.order(&setup).await.map_err(|error| error.to_string())?;
    match timeout(HELLO, process.word()).await {
        Ok(Some(Ok(Word::Hello {
            version: VERSION,
            adapter,
            encoder,
            passed_over,
            brightness,
        }))) => {
            let pid = process.id();
            tracing::info!(worker.pid = pid, %adapter, %encoder, brightness, "a worker is ready");
            let device = Device {
                adapter,
                encoder,
                passed_over,
            };
            Ok((process, device))
        }
        Ok(Some(Ok(Word::Refused { sentence }))) => Err(sentence),
        Ok(None) => Err(format!("it ended before it was ready: {}", process.end().await)),
        Ok(Some(_)) => Err(Death::Garbled.to_string()),
        Err(_) => Err(format!("it said nothing for {} s", HELLO.as_secs())),
    }
}

async fn serve(lane: &Lane, mut process: Process) -> Served {
    let mut number = 0;
    loop {
        let errand = tokio::select! {
            biased;
            () = lane.stopping.cancelled() => None,
            // An idle child says nothing: whatever comes is its end.
            _ = process.word() => {
                process.put_down().await;
                tracing::warn!(worker.pid = process.id(), "an idle worker ended");
                return Served::Died;
            }
            errand = lane.next() => errand,
        };
        let Some(errand) = errand else {
            process.dismiss();
            let _ = timeout(LEAVE, process.end()).await;
            return Served::Stopped;
        };
        number += 1;
        match Run::new(&mut process, number, lane).finish(errand).await {
            Left::Alive => {}
            Left::Dead(death) => {
                tracing::error!(
                    worker.pid = process.id(),
                    "a worker ended in the middle of its work: {death}"
                );
                return Served::Died;
            }
            Left::Killed => return Served::Replaced,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_third_death_within_a_minute_is_one_too_many() {
        let (mut deaths, began) = (VecDeque::new(), Instant::now());
        let mut at = |secs| pause_after_death(&mut deaths, began + Duration::from_secs(secs));
        assert_eq!(
            [at(0), at(1), at(2), at(30)],
            [RESTARTS[0], RESTARTS[1], SLOW_RESTART, SLOW_RESTART]
        );
        assert_eq!(at(100), RESTARTS[0]);
    }
}
