//! The workers as the service uses them: ask, await, cancel. Two lanes, so that a preview does not wait for a circle.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::{Mutex, Semaphore, SemaphorePermit, mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::errand::{Errand, WorkFailed};
use super::failure::Failure;
use super::limits::{FRAME, LEAVE, PROBE, SURVEY, WAITING};
use super::protocol::{Answer, Drawn, Freedom, Rendered, Song, Step, Surveyed, Wanted, Work};
use super::settings::Settings;
use super::supervisor::{self, Health, Lane};

/// A cheap handle; when the last one is dropped, the children go.
#[derive(Clone)]
pub struct Pool {
    inner: Arc<Inner>,
}

struct Inner {
    render: Entrance,
    quick: Entrance,
    stopping: CancellationToken,
    stop_now: CancellationToken,
    supervisors: Mutex<JoinSet<()>>,
    /// Held by who has a whole song heard or written: one quick worker is always left for who only wants to look.
    whole_songs: Semaphore,
    job: Duration,
}

/// One lane's door.
struct Entrance {
    errands: mpsc::Sender<Errand>,
    health: watch::Receiver<Health>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.stopping.cancel();
        self.stop_now.cancel();
    }
}

impl Pool {
    /// Starts the children; [`ready`](Self::ready) tells when they can work, and work that comes earlier waits.
    pub fn start(settings: Settings) -> Self {
        let job = settings.job;
        let (render_workers, quick_workers) = (settings.render_workers.max(1), settings.quick_workers.max(1));
        let settings = Arc::new(settings);
        let (stopping, stop_now) = (CancellationToken::new(), CancellationToken::new());
        let mut supervisors = JoinSet::new();
        let mut open = |workers: usize| {
            let (errands, incoming) = mpsc::channel(WAITING);
            let (health, seen) = watch::channel(Health {
                workers,
                ..Health::default()
            });
            let lane = Arc::new(Lane {
                settings: Arc::clone(&settings),
                errands: Mutex::new(incoming),
                health,
                stopping: stopping.clone(),
                stop_now: stop_now.clone(),
            });
            for _ in 0..workers {
                supervisors.spawn(supervisor::run(Arc::clone(&lane)));
            }
            Entrance { errands, health: seen }
        };
        let (render, quick) = (open(render_workers), open(quick_workers));
        Self {
            inner: Arc::new(Inner {
                render,
                quick,
                stopping,
                stop_now,
                supervisors: Mutex::new(supervisors),
                whole_songs: Semaphore::new(quick_workers.saturating_sub(1).max(1)),
                job,
            }),
        }
    }

    /// Whether a circle and a preview could be begun now.
    pub fn is_ready(&self) -> bool {
        let up = |lane: &Entrance| lane.health.borrow().up > 0;
        up(&self.inner.render) && up(&self.inner.quick) && !self.inner.stopping.is_cancelled()
    }

    /// How each lane is, by its name.
    pub fn lanes(&self) -> [(&'static str, Health); 2] {
        let health = |lane: &Entrance| lane.health.borrow().clone();
        [
            ("render", health(&self.inner.render)),
            ("quick", health(&self.inner.quick)),
        ]
    }

    /// Waits until [`is_ready`](Self::is_ready); `false` when that is not within `patience`.
    pub async fn ready(&self, patience: Duration) -> bool {
        let (mut render, mut quick) = (self.inner.render.health.clone(), self.inner.quick.health.clone());
        let both = async {
            render.wait_for(|health| health.up > 0).await.is_ok()
                && quick.wait_for(|health| health.up > 0).await.is_ok()
        };
        timeout(patience, both).await.unwrap_or(false)
    }

    /// Makes a circle and leaves it, complete and durable, at `output`, and a small JPEG of it at `still`. Nothing is there
    /// after a failure, and nothing of it appears after this returns.
    pub async fn render(
        &self,
        wanted: Wanted,
        output: &Path,
        still: Option<&Path>,
        steps: watch::Sender<Step>,
        cancel: CancellationToken,
    ) -> Result<Rendered, WorkFailed> {
        let work = Work::Render {
            wanted,
            output: output.to_owned(),
            still: still.map(Path::to_owned),
        };
        let inner = &self.inner;
        match inner.ask(&inner.render, work, inner.job, Some(steps), cancel).await? {
            Answer::Circle(rendered) => Ok(rendered),
            _ => Err(Failure::mistake().into()),
        }
    }

    /// One moment of a circle as a PNG at `output`.
    pub async fn frame(
        &self,
        wanted: Wanted,
        at: Duration,
        output: &Path,
        cancel: CancellationToken,
    ) -> Result<Drawn, WorkFailed> {
        let (at_ms, output) = (at.as_millis() as u64, output.to_owned());
        match self.quick(Work::Frame { wanted, at_ms, output }, FRAME, cancel).await? {
            Answer::Frame(drawn) => Ok(drawn),
            _ => Err(Failure::mistake().into()),
        }
    }

    /// What a browser needs to draw the circle itself, at `output`; how many bytes it has.
    pub async fn screen(&self, wanted: Wanted, output: &Path, cancel: CancellationToken) -> Result<u64, WorkFailed> {
        let output = output.to_owned();
        match self.quick(Work::Screen { wanted, output }, FRAME, cancel).await? {
            Answer::Screen { bytes } => Ok(bytes),
            _ => Err(Failure::mistake().into()),
        }
    }

    /// What the music does in each frame, as JSON at `output`; how many bytes it has.
    pub async fn features(&self, wanted: Wanted, output: &Path, cancel: CancellationToken) -> Result<u64, WorkFailed> {
        let output = output.to_owned();
        match self.quick(Work::Features { wanted, output }, FRAME, cancel).await? {
            Answer::Features { bytes } => Ok(bytes),
            _ => Err(Failure::mistake().into()),
        }
    }

    /// The content key the circle will have. Asked of those who make circles: whoever is about to have one made has a worker
    /// there, and nobody's long song is in the way.
    pub async fn key(&self, wanted: Wanted, cancel: CancellationToken) -> Result<String, WorkFailed> {
        let inner = &self.inner;
        match inner
            .ask(&inner.render, Work::Key { wanted }, PROBE, None, cancel)
            .await?
        {
            Answer::Key { key } => Ok(key),
            _ => Err(Failure::mistake().into()),
        }
    }

    /// What a song says of itself; its cover, if it has one, as a square PNG at `cover`.
    pub async fn probe(
        &self,
        song: &Path,
        cover: Option<&Path>,
        cancel: CancellationToken,
    ) -> Result<Song, WorkFailed> {
        let (song, cover) = (song.to_owned(), cover.map(Path::to_owned));
        match self.quick(Work::Probe { song, cover }, PROBE, cancel).await? {
            Answer::Song(song) => Ok(song),
            _ => Err(Failure::mistake().into()),
        }
    }

    /// Hears a whole song: its best fragments of `length`, its tempo, its waveform.
    pub async fn survey(
        &self,
        song: &Path,
        length: Duration,
        cancel: CancellationToken,
    ) -> Result<Surveyed, WorkFailed> {
        let _turn = self.whole_song(&cancel).await?;
        let (song, length_ms) = (song.to_owned(), length.as_millis() as u64);
        match self.quick(Work::Survey { song, length_ms }, SURVEY, cancel).await? {
            Answer::Survey(surveyed) => Ok(surveyed),
            _ => Err(Failure::mistake().into()),
        }
    }

    /// Someone's picture as a square PNG at `output`; how many bytes it has.
    pub async fn cover(&self, picture: &Path, output: &Path, cancel: CancellationToken) -> Result<u64, WorkFailed> {
        self.picture(picture, output, false, cancel).await
    }

    /// The same as a JPEG.
    pub async fn jpeg(&self, picture: &Path, output: &Path, cancel: CancellationToken) -> Result<u64, WorkFailed> {
        self.picture(picture, output, true, cancel).await
    }

    async fn picture(
        &self,
        picture: &Path,
        output: &Path,
        jpeg: bool,
        cancel: CancellationToken,
    ) -> Result<u64, WorkFailed> {
        let (picture, output) = (picture.to_owned(), output.to_owned());
        let work = Work::Cover { picture, output, jpeg };
        match self.quick(work, PROBE, cancel).await? {
            Answer::Cover { bytes } => Ok(bytes),
            _ => Err(Failure::mistake().into()),
        }
    }

    /// A song, or a part of it, as an mp3 at `output`; how many bytes it has.
    pub async fn mp3(
        &self,
        song: &Path,
        start: Duration,
        length: Option<Duration>,
        output: &Path,
        cancel: CancellationToken,
    ) -> Result<u64, WorkFailed> {
        let work = Work::Mp3 {
            song: song.to_owned(),
            start_ms: start.as_millis() as u64,
            length_ms: length.map(|length| length.as_millis() as u64),
            output: output.to_owned(),
        };
        let _turn = self.whole_song(&cancel).await?;
        match self.quick(work, SURVEY, cancel).await? {
            Answer::Mp3 { bytes } => Ok(bytes),
            _ => Err(Failure::mistake().into()),
        }
    }

    /// Whether a file holds lyrics that can be shown; how many lines.
    pub async fn lyrics(&self, file: &Path, cancel: CancellationToken) -> Result<u32, WorkFailed> {
        let file = file.to_owned();
        match self.quick(Work::Lyrics { file }, PROBE, cancel).await? {
            Answer::Lyrics { lines } => Ok(lines),
            _ => Err(Failure::mistake().into()),
        }
    }

    /// Has the device draw the frame that proves it: for whoever asks whether we are well.
    pub async fn check(&self) -> Result<f32, WorkFailed> {
        match self.quick(Work::Check, FRAME, CancellationToken::new()).await? {
            Answer::Check { brightness } => Ok(brightness),
            _ => Err(Failure::mistake().into()),
        }
    }

    /// What a child may do of what it must not.
    pub async fn freedom(&self) -> Result<Freedom, WorkFailed> {
        match self.quick(Work::Confinement, PROBE, CancellationToken::new()).await? {
            Answer::Confinement(freedom) => Ok(freedom),
            _ => Err(Failure::mistake().into()),
        }
    }

    async fn whole_song(&self, cancel: &CancellationToken) -> Result<SemaphorePermit<'_>, WorkFailed> {
        tokio::select! {
            turn = self.inner.whole_songs.acquire() => turn.map_err(|_| WorkFailed::Stopping),
            () = cancel.cancelled() => Err(WorkFailed::Cancelled),
        }
    }

    async fn quick(&self, work: Work, limit: Duration, cancel: CancellationToken) -> Result<Answer, WorkFailed> {
        self.inner.ask(&self.inner.quick, work, limit, None, cancel).await
    }

    /// Takes no more work, lets what runs end within `grace`, puts the rest back as [`WorkFailed::Stopping`], and comes back
    /// when every child is gone.
    pub async fn stop(&self, grace: Duration) {
        self.inner.stopping.cancel();
        let mut supervisors = self.inner.supervisors.lock().await;
        let all_gone = async { while supervisors.join_next().await.is_some() {} };
        if timeout(grace, all_gone).await.is_err() {
            self.inner.stop_now.cancel();
            let all_gone = async { while supervisors.join_next().await.is_some() {} };
            // Cancelling and leaving are bounded themselves; whoever is still there is killed with its task.
            if timeout(2 * LEAVE, all_gone).await.is_err() {
                supervisors.shutdown().await;
            }
        }
    }
}

impl Inner {
    async fn ask(
        &self,
        lane: &Entrance,
        work: Work,
        limit: Duration,
        steps: Option<watch::Sender<Step>>,
        cancel: CancellationToken,
    ) -> Result<Answer, WorkFailed> {
        let (reply, mut answer) = oneshot::channel();
        let (given_up, taken) = (cancel.clone(), Arc::new(AtomicBool::new(false)));
        let errand = Errand {
            work,
            limit,
            steps,
            cancel,
            taken: Arc::clone(&taken),
            reply,
        };
        let waited = async {
            let sent = lane.errands.send(errand).await;
            sent.map_err(|_| WorkFailed::Stopping)?;
            (&mut answer).await.unwrap_or(Err(WorkFailed::Stopping))
        };
        let why = tokio::select! {
            answer = waited => return answer,
            () = given_up.cancelled() => WorkFailed::Cancelled,
            () = self.stopping.cancelled() => WorkFailed::Stopping,
        };
        // What no worker has taken yet never will be. What one has taken it answers, and until then may still write.
        if !taken.load(Ordering::Relaxed) {
            return Err(why);
        }
        answer.await.unwrap_or(Err(why))
    }
}
