//! One worker's supervisor: starts a child, hands it one piece of work after another, watches it, and starts the next child
//! when this one has died.

use std::collections::VecDeque;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::{Mutex, mpsc, oneshot, watch};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::failure::{Blame, Failure};
use super::limits::{
    CANCEL_GRACE, CPU_MARGIN, DEATHS, DEATHS_WITHIN, FIRST_STALL, HELLO, LEAVE, RESTARTS, SLOW_RESTART, STALL,
};
use super::pool::Settings;
use super::process::{Death, Process};
use super::protocol::{Answer, Number, Order, Setup, Stage, Step, VERSION, Word, Work};

/// Why a piece of work has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WorkFailed {
    /// The child lives and says what was wrong.
    #[error(transparent)]
    Failed(#[from] Failure),
    /// The child died of it or during it: once may be chance, twice is the file.
    #[error("the worker died over it: {0}")]
    WorkerDied(Death),
    #[error("stopped")]
    Cancelled,
    /// Children die as fast as they are started.
    #[error("no worker can be started; try again in a minute")]
    NotReady,
    /// It was not done, or not finished, because the service ends.
    #[error("the service is stopping")]
    Stopping,
}

/// A piece of work on its way through the pool.
pub struct Errand {
    pub work: Work,
    pub limit: Duration,
    pub steps: Option<watch::Sender<Step>>,
    pub cancel: CancellationToken,
    /// Raised by the worker that does it.
    pub taken: Arc<AtomicBool>,
    pub reply: oneshot::Sender<Result<Answer, WorkFailed>>,
}

/// How many workers of a lane are up, and how many have given up for now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Health {
    pub workers: usize,
    pub up: usize,
    pub broken: usize,
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
            Ok(process) => {
                lane.health.send_modify(|health| health.up += 1);
                let served = serve(&lane, process).await;
                lane.health.send_modify(|health| health.up -= 1);
                served
            }
            Err(sentence) => {
                tracing::error!("a worker did not start: {sentence}");
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
async fn begin(settings: &Settings) -> Result<Process, String> {
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
            brightness,
        }))) => {
            let pid = process.id();
            tracing::info!(worker.pid = pid, %adapter, %encoder, brightness, "a worker is ready");
            Ok(process)
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
                process.kill();
                tracing::warn!(worker.pid = process.id(), "an idle worker ended: {}", process.end().await);
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

/// What is left of the child after a piece of work.
enum Left {
    Alive,
    Dead(Death),
    /// By us, for no fault of its own.
    Killed,
}

/// One piece of work being done.
struct Run<'a> {
    process: &'a mut Process,
    number: Number,
    lane: &'a Lane,
}

impl<'a> Run<'a> {
    fn new(process: &'a mut Process, number: Number, lane: &'a Lane) -> Self {
        Self { process, number, lane }
    }

    async fn finish(mut self, errand: Errand) -> Left {
        let Errand {
            work,
            limit,
            steps,
            cancel,
            taken,
            mut reply,
        } = errand;
        taken.store(true, Ordering::Relaxed);
        if cancel.is_cancelled() || reply.is_closed() {
            let _ = reply.send(Err(WorkFailed::Cancelled));
            return Left::Alive;
        }
        let (result, left) = self.watch(work, limit, steps, &cancel, &mut reply).await;
        // Whoever asked may have gone away.
        let _ = reply.send(result);
        left
    }

    async fn watch(
        &mut self,
        work: Work,
        limit: Duration,
        steps: Option<watch::Sender<Step>>,
        cancel: &CancellationToken,
        reply: &mut oneshot::Sender<Result<Answer, WorkFailed>>,
    ) -> (Result<Answer, WorkFailed>, Left) {
        let cpu = self
            .lane
            .settings
            .cpu
            .unwrap_or(limit * self.lane.settings.cores as u32 + CPU_MARGIN);
        if let Err(error) = self.process.allow_cpu(cpu) {
            tracing::warn!(%error, "a worker's processor time is not bounded");
        }
        let number = self.number;
        if self.process.order(&Order::Work { number, work }).await.is_err() {
            return self.died().await;
        }
        let deadline = Instant::now() + limit;
        let mut silence = Instant::now() + FIRST_STALL;
        let mut stop: Option<(Instant, WorkFailed)> = None;
        loop {
            let until = stop.as_ref().map_or(deadline.min(silence), |(until, _)| *until);
            let asked_to_stop = async {
                if stop.is_some() {
                    return pending().await;
                }
                tokio::select! {
                    () = cancel.cancelled() => WorkFailed::Cancelled,
                    () = reply.closed() => WorkFailed::Cancelled,
                    () = self.lane.stop_now.cancelled() => WorkFailed::Stopping,
                }
            };
            tokio::select! {
                word = self.process.word() => match word {
                    Some(Ok(Word::Step { number, step })) if number == self.number => {
                        // Reading has begun is all that is told of it.
                        if step.stage != Stage::Reading {
                            silence = Instant::now() + STALL;
                        }
                        if let Some(steps) = &steps {
                            steps.send_replace(step);
                        }
                    }
                    Some(Ok(Word::Done { number, answer })) if number == self.number => {
                        return (Ok(*answer), Left::Alive);
                    }
                    Some(Ok(Word::Failed { number, failure })) if number == self.number => {
                        let failed = match (failure.blame, stop) {
                            (Blame::Cancelled, Some((_, why))) => why,
                            _ => WorkFailed::Failed(failure),
                        };
                        return (Err(failed), Left::Alive);
                    }
                    Some(_) => return self.killed(Death::Garbled).await,
                    None => return self.died().await,
                },
                why = asked_to_stop => {
                    let number = self.number;
                    if self.process.order(&Order::Cancel { number }).await.is_err() {
                        return self.died().await;
                    }
                    stop = Some((Instant::now() + CANCEL_GRACE, why));
                }
                () = sleep_until(until) => {
                    if let Some((_, why)) = stop {
                        self.process.kill();
                        self.process.end().await;
                        return (Err(why), Left::Killed);
                    }
                    let death = if deadline <= silence { Death::OverTime } else { Death::Hung };
                    return self.killed(death).await;
                }
            }
        }
    }

    async fn killed(&mut self, death: Death) -> (Result<Answer, WorkFailed>, Left) {
        self.process.kill();
        self.process.end().await;
        (Err(WorkFailed::WorkerDied(death)), Left::Dead(death))
    }

    /// Its words have ended, and so has it, or nearly.
    async fn died(&mut self) -> (Result<Answer, WorkFailed>, Left) {
        let death = match timeout(LEAVE, self.process.end()).await {
            Ok(death) => death,
            Err(_) => return self.killed(Death::Garbled).await,
        };
        (Err(WorkFailed::WorkerDied(death)), Left::Dead(death))
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
