//! What a pool of workers is made from.

use std::path::PathBuf;
use std::time::Duration;

use crate::config::Config;

/// One that hears a song while the other shows a preview; each takes 110 MB and no time while idle.
const QUICK_WORKERS: usize = 2;

#[derive(Clone, Debug)]
pub struct Settings {
    /// This program.
    pub program: PathBuf,
    /// Where children work and leave unfinished files.
    pub folder: PathBuf,
    /// As on the command line.
    pub adapter: String,
    pub encoder: String,
    /// Children that make circles, and children that draw previews and look at files.
    pub render_workers: usize,
    pub quick_workers: usize,
    /// Cores one child may fill.
    pub cores: usize,
    /// Private memory of one child.
    pub memory_bytes: u64,
    /// Wall-clock time of one circle.
    pub job: Duration,
    /// Processor time of one piece of work; `None`: its wall-clock time on all its cores.
    pub cpu: Option<Duration>,
}

impl Settings {
    /// As the configuration has it. The running file itself is started, also when another was put in its place meanwhile.
    pub fn of(config: &Config) -> std::io::Result<Self> {
        let cores = std::thread::available_parallelism()?.get();
        Ok(Self {
            program: PathBuf::from("/proc/self/exe"),
            folder: std::path::absolute(config.data.dir.join("tmp"))?,
            adapter: config.render.adapter.to_string(),
            encoder: config.render.encoder.to_string(),
            render_workers: config.render.workers,
            quick_workers: QUICK_WORKERS,
            cores: cores.div_ceil(config.render.workers),
            memory_bytes: config.limits.worker_memory_bytes,
            job: config.limits.job,
            cpu: None,
        })
    }
}
