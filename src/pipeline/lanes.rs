//! The frame's way: draw, read back, encode. One thread draws for all lanes; each lane has a thread and a bounded channel
//! in, and all lanes give their empty buffers back through one.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use super::{PipelineError, Progress, Stages, Stills, join, spawn, stop_if};
use crate::encode::{SegmentEncoder, VideoSegment, VideoSettings};
use crate::flow::{Nv12Batch, Scene};
use crate::model::FrameIndex;
use crate::render::{Gpu, RenderSettings, Renderer};

/// Batches a lane may have on their way: one being encoded, one waiting, one being drawn.
const LANE_BATCHES: usize = 3;
/// Frames in a batch: enough to keep the device busy between two submissions.
const BATCH_FRAMES: u32 = 8;
/// What all lanes together may have on their way: with many lanes the batches get smaller.
const WAITING_BYTES: usize = 64 << 20;
/// How often a waiting thread looks whether it was stopped.
const CANCEL_POLL: Duration = Duration::from_millis(20);

/// What the drawing thread knows of a lane.
struct Feed {
    next: u32,
    end: u32,
    on_their_way: usize,
    batches: SyncSender<Nv12Batch>,
}

/// An empty buffer on its way back, with the number of the lane that emptied it.
type Emptied = (usize, Vec<u8>);

/// Draws the scene and encodes it in the lanes of `settings`, and shows every frame to `stills`; the segments come back in
/// order.
pub(super) fn draw_and_encode(
    gpu: &Gpu,
    scene: &Scene,
    settings: &VideoSettings,
    stills: &Stills,
    progress: &(dyn Fn(Progress) + Sync),
    cancel: &AtomicBool,
    stages: &mut Stages,
) -> Result<Vec<VideoSegment>, PipelineError> {
    let began = Instant::now();
    let done = AtomicU32::new(0);
    let hurt = AtomicBool::new(false);
    let segments = thread::scope(|scope| {
        let (give_back, emptied) = channel();
        let mut feeds = Vec::new();
        let mut lanes = Vec::new();
        for (number, lane) in settings.lanes.iter().enumerate() {
            let (batches, incoming) = sync_channel(LANE_BATCHES);
            let first = lane.first.0;
            feeds.push(Feed {
                next: first,
                end: first + lane.frames,
                on_their_way: 0,
                batches,
            });
            let (give_back, done, hurt) = (give_back.clone(), &done, &hurt);
            lanes.push(spawn(scope, "encode", move || {
                let alarm = Alarm(hurt);
                let mut encoder = SegmentEncoder::open(settings.format, settings.encoder, lane)?;
                let mut next = first;
                let taken = each_frame(number, incoming, give_back, cancel, |frame| {
                    stills.see(FrameIndex(next), frame);
                    next += 1;
                    encoder.push(frame)?;
                    progress(Progress::Frames {
                        done: done.fetch_add(1, Ordering::Relaxed) + 1,
                    });
                    Ok(())
                })?;
                // Cut short by the drawing thread, which knows why.
                let segment = if taken < lane.frames {
                    None
                } else {
                    Some(encoder.finish()?)
                };
                alarm.all_is_well();
                Ok::<_, PipelineError>(segment)
            }));
        }
        drop(give_back);
        let drawn = draw(gpu, scene, feeds, &emptied, &hurt, cancel);
        stages.render = began.elapsed();
        // First a lane's own error, then the drawing thread's; a lane that was only cut short has none to tell.
        let lanes: Result<Vec<_>, _> = lanes.into_iter().map(|lane| join(lane, "encode")?).collect();
        let lanes = lanes?;
        drawn?;
        stop_if(cancel)?;
        let whole: Option<Vec<_>> = lanes.into_iter().collect();
        whole.ok_or(PipelineError::Thread { part: "encode" })
    })?;
    stages.encode_video = began.elapsed();
    Ok(segments)
}

/// Tells the drawing thread that a lane ended by an error or a panic: raised when dropped without `all_is_well`.
struct Alarm<'a>(&'a AtomicBool);

impl Alarm<'_> {
    fn all_is_well(self) {
        std::mem::forget(self);
    }
}

impl Drop for Alarm<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Draws the scene and hands every frame to `write`, in order.
pub(super) fn draw_raw(
    gpu: &Gpu,
    scene: &Scene,
    write: &mut (dyn FnMut(&[u8]) -> std::io::Result<()> + Send),
    progress: &(dyn Fn(Progress) + Sync),
    cancel: &AtomicBool,
    stages: &mut Stages,
) -> Result<(), PipelineError> {
    let began = Instant::now();
    let hurt = AtomicBool::new(false);
    thread::scope(|scope| {
        let (give_back, emptied) = channel();
        let (batches, incoming) = sync_channel(LANE_BATCHES);
        let alarm = Alarm(&hurt);
        let writer = spawn(scope, "write", move || {
            let mut done = 0;
            each_frame(0, incoming, give_back, cancel, |frame| {
                write(frame).map_err(PipelineError::Raw)?;
                done += 1;
                progress(Progress::Frames { done });
                Ok(())
            })?;
            alarm.all_is_well();
            Ok::<_, PipelineError>(())
        });
        let feed = Feed {
            next: 0,
            end: scene.moments.len() as u32,
            on_their_way: 0,
            batches,
        };
        let drawn = draw(gpu, scene, vec![feed], &emptied, &hurt, cancel);
        stages.render = began.elapsed();
        join(writer, "write")??;
        drawn
    })
}

/// A lane's thread: takes batches apart and gives their buffers back until the drawing thread hangs up. How many frames came.
fn each_frame(
    lane: usize,
    incoming: Receiver<Nv12Batch>,
    give_back: Sender<Emptied>,
    cancel: &AtomicBool,
    mut take: impl FnMut(&[u8]) -> Result<(), PipelineError>,
) -> Result<u32, PipelineError> {
    let mut taken = 0;
    for batch in incoming {
        let frame_bytes = batch.bytes.len() / batch.frames.max(1) as usize;
        for frame in batch.bytes.chunks_exact(frame_bytes.max(1)) {
            stop_if(cancel)?;
            take(frame)?;
            taken += 1;
        }
        // The drawing thread may have hung up already: then nobody needs the buffer.
        let _ = give_back.send((lane, batch.bytes));
    }
    Ok(taken)
}

/// The drawing thread: keeps the device's ring full, always for the lane with the least on its way. Ends early, without an
/// error of its own, when a lane is `hurt`: that lane's buffers never come back.
fn draw(
    gpu: &Gpu,
    scene: &Scene,
    mut feeds: Vec<Feed>,
    emptied: &Receiver<Emptied>,
    hurt: &AtomicBool,
    cancel: &AtomicBool,
) -> Result<(), PipelineError> {
    let frame_bytes = scene.format.size.nv12_bytes();
    let batch_frames = (WAITING_BYTES / (feeds.len() * LANE_BATCHES * frame_bytes)) as u32;
    let batch_frames = batch_frames.clamp(1, BATCH_FRAMES);
    let mut renderer = Renderer::new(gpu, scene, RenderSettings { batch_frames, slots: 3 })?;
    let mut drawn_for = VecDeque::new();
    let mut spare = Vec::new();
    loop {
        stop_if(cancel)?;
        if hurt.load(Ordering::Relaxed) {
            return Ok(());
        }
        while let Ok((lane, buffer)) = emptied.try_recv() {
            feeds[lane].on_their_way -= 1;
            spare.push(buffer);
        }
        while renderer.has_room()
            && let Some(lane) = hungriest(&feeds)
        {
            let feed = &mut feeds[lane];
            let frames = batch_frames.min(feed.end - feed.next);
            renderer.submit(FrameIndex(feed.next), frames);
            feed.next += frames;
            feed.on_their_way += 1;
            drawn_for.push_back(lane);
        }
        if let Some(lane) = drawn_for.pop_front() {
            let Some(batch) = renderer.receive(spare.pop().unwrap_or_default())? else {
                continue;
            };
            // No room is waited for: a lane never has more on its way than its channel holds. It is gone only after an
            // error of its own, which it reports itself.
            if feeds[lane].batches.send(batch).is_err() {
                return Ok(());
            }
        } else if feeds.iter().all(|feed| feed.next == feed.end) {
            return Ok(());
        } else {
            match emptied.recv_timeout(CANCEL_POLL) {
                Ok((lane, buffer)) => {
                    feeds[lane].on_their_way -= 1;
                    spare.push(buffer);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
        }
    }
}

/// The lane with frames left, room, and the least on its way; among equals the one with the most left.
fn hungriest(feeds: &[Feed]) -> Option<usize> {
    let wants = |(_, feed): &(usize, &Feed)| feed.next < feed.end && feed.on_their_way < LANE_BATCHES;
    let order = |(_, feed): &(usize, &Feed)| (feed.on_their_way, std::cmp::Reverse(feed.end - feed.next));
    feeds
        .iter()
        .enumerate()
        .filter(wants)
        .min_by_key(order)
        .map(|(lane, _)| lane)
}
