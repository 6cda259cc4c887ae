//! One piece of work on its way: handed to a child, watched until it is answered, cancelled, or out of time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::failure::{Blame, Failure};
use super::limits::{CANCEL_GRACE, CPU_MARGIN, FIRST_STALL, LEAVE, STALL};
use super::process::{Death, Process};
use super::protocol::{Answer, Number, Order, Stage, Step, Word, Work};
use super::settings::Settings;
use super::supervisor::Lane;

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

/// The way back to whoever asked.
type Reply = oneshot::Sender<Result<Answer, WorkFailed>>;

/// A piece of work on its way through the pool.
pub struct Errand {
    pub work: Work,
    pub limit: Duration,
    pub steps: Option<watch::Sender<Step>>,
    pub cancel: CancellationToken,
    /// Raised by the worker that does it.
    pub taken: Arc<AtomicBool>,
    pub reply: Reply,
}

/// What is left of the child after a piece of work.
pub enum Left {
    Alive,
    Dead(Death),
    /// By us, for no fault of its own.
    Killed,
}

/// One piece of work being done.
pub struct Run<'a> {
    process: &'a mut Process,
    number: Number,
    lane: &'a Lane,
}

impl<'a> Run<'a> {
    pub fn new(process: &'a mut Process, number: Number, lane: &'a Lane) -> Self {
        Self { process, number, lane }
    }

    pub async fn finish(mut self, errand: Errand) -> Left {
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
        reply: &mut Reply,
    ) -> (Result<Answer, WorkFailed>, Left) {
        if self.begin(work, limit).await.is_err() {
            return self.died().await;
        }
        let deadline = Instant::now() + limit;
        let mut silence = Instant::now() + FIRST_STALL;
        let mut stop: Option<(Instant, WorkFailed)> = None;
        loop {
            let until = stop.as_ref().map_or(deadline.min(silence), |(until, _)| *until);
            let stopped = stop.is_some();
            let stop_now = &self.lane.stop_now;
            tokio::select! {
                word = self.process.word() => match heard(word, self.number) {
                    Heard::Step(step) => {
                        // That reading has begun is all that is told of it.
                        if step.stage != Stage::Reading {
                            silence = Instant::now() + STALL;
                        }
                        if let Some(steps) = &steps {
                            steps.send_replace(step);
                        }
                    }
                    Heard::Answer(Ok(answer)) => return (Ok(answer), Left::Alive),
                    Heard::Answer(Err(failure)) => {
                        let failed = match (failure.blame, stop) {
                            (Blame::Cancelled, Some((_, why))) => why,
                            _ => WorkFailed::Failed(failure),
                        };
                        return (Err(failed), Left::Alive);
                    }
                    Heard::Nonsense => return self.killed(Death::Garbled).await,
                    Heard::End => return self.died().await,
                },
                why = asked_to_stop(cancel, reply, stop_now), if !stopped => {
                    let number = self.number;
                    if self.process.order(&Order::Cancel { number }).await.is_err() {
                        return self.died().await;
                    }
                    stop = Some((Instant::now() + CANCEL_GRACE, why));
                }
                () = sleep_until(until) => {
                    if let Some((_, why)) = stop {
                        self.process.put_down().await;
                        return (Err(why), Left::Killed);
                    }
                    let death = if deadline <= silence { Death::OverTime } else { Death::Hung };
                    return self.killed(death).await;
                }
            }
        }
    }

    async fn begin(&mut self, work: Work, limit: Duration) -> std::io::Result<()> {
        let Settings { cpu, cores, .. } = &*self.lane.settings;
        let cpu = cpu.unwrap_or(limit * *cores as u32 + CPU_MARGIN);
        if let Err(error) = self.process.allow_cpu(cpu) {
            tracing::warn!(%error, "a worker's processor time is not bounded");
        }
        let (number, work) = (self.number, Box::new(work));
        self.process.order(&Order::Work { number, work }).await
    }

    async fn killed(&mut self, death: Death) -> (Result<Answer, WorkFailed>, Left) {
        self.process.put_down().await;
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

/// A child's word as far as it concerns this piece of work.
enum Heard {
    Step(Step),
    Answer(Result<Answer, Failure>),
    Nonsense,
    End,
}

fn heard(word: Option<Result<Word, Death>>, own: Number) -> Heard {
    match word {
        Some(Ok(Word::Step { number, step })) if number == own => Heard::Step(step),
        Some(Ok(Word::Done { number, answer })) if number == own => Heard::Answer(Ok(*answer)),
        Some(Ok(Word::Failed { number, failure })) if number == own => Heard::Answer(Err(failure)),
        Some(_) => Heard::Nonsense,
        None => Heard::End,
    }
}

/// Told so, or nobody waits for the answer any more, or the service ends.
async fn asked_to_stop(cancel: &CancellationToken, reply: &mut Reply, stop_now: &CancellationToken) -> WorkFailed {
    tokio::select! {
        () = cancel.cancelled() => WorkFailed::Cancelled,
        () = reply.closed() => WorkFailed::Cancelled,
        () = stop_now.cancelled() => WorkFailed::Stopping,
    }
}
