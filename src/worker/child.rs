//! The child's side: orders read from standard input, one piece of work done after another, words written to what was
//! standard output.
//!
//! One thread reads, so that a cancel is heard in the middle of work; the first thread works. Whatever libraries print goes to
//! standard error, which the supervisor logs. The end of the input is the end of the process, at once.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::fd::AsFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use super::confine;
use super::failure::Failure;
use super::limits::{DEVICE_LOST, LINE_BYTES, STEP_EVERY};
use super::protocol::{Number, Order, Setup, Step, VERSION, Word, Work, line};
use super::task::{Bench, Ended};
use crate::encode::{self, EncoderChoice};
use crate::model::{Fps, Size, VideoFormat};
use crate::pipeline::SharedGpu;
use crate::torture;

/// Ends the process at once, whatever its threads are doing.
pub type Exit = fn(i32) -> !;

/// The supervisor is gone or broke the protocol; nobody is left to tell.
const NOBODY_LISTENS: i32 = 0;
const BAD_ORDER: i32 = 2;
const CANNOT_START: i32 = 1;

/// Works until the input ends. Only a child that cannot start comes back, with a sentence.
pub fn run(exit: Exit) -> Result<(), String> {
    confine::die_with_parent().map_err(|error| format!("the worker cannot watch its parent: {error}"))?;
    let voice = Voice::take(exit).map_err(|error| format!("the worker has no output: {error}"))?;
    let (orders, incoming) = channel();
    let reader = std::thread::Builder::new().name("orders".to_owned());
    let started = reader.spawn(move || listen(&orders, exit));
    started.map_err(|error| format!("the worker cannot listen: {error}"))?;
    let Ok(Errand::Setup(setup)) = incoming.recv() else {
        exit(BAD_ORDER)
    };
    match open(&setup) {
        Ok((bench, hello)) => {
            voice.say(&hello);
            serve(&bench, &incoming, &voice, exit);
            exit(NOBODY_LISTENS)
        }
        Err(sentence) => {
            voice.say(&Word::Refused { sentence });
            exit(CANNOT_START)
        }
    }
}

/// Opens the device, draws, tries the encoder, and gives up every right that is not needed any more.
fn open(setup: &Setup) -> Result<(Bench, Word), String> {
    if setup.version != VERSION {
        return Err("parent and child are of different versions; restart the service".to_owned());
    }
    let bench = Bench {
        gpu: SharedGpu::new(setup.adapter.parse()?),
        encoder: setup.encoder.parse()?,
        cores: setup.cores,
    };
    let proved = match torture::is_on() {
        // Nothing will be drawn.
        true => Proved {
            adapter: "none".to_owned(),
            encoder: "none".to_owned(),
            passed_over: Vec::new(),
            brightness: 0.0,
        },
        false => prove(&bench)?,
    };
    let confined = confine::confine(&setup.folder, setup.memory_bytes);
    confined.map_err(|error| format!("a worker cannot be confined: {error}"))?;
    let hello = Word::Hello {
        version: VERSION,
        adapter: proved.adapter,
        encoder: proved.encoder,
        passed_over: proved.passed_over,
        brightness: proved.brightness,
    };
    Ok((bench, hello))
}

/// What works here.
struct Proved {
    adapter: String,
    encoder: String,
    passed_over: Vec<String>,
    brightness: f32,
}

/// The device by its first frame, the encoder by a trial.
fn prove(bench: &Bench) -> Result<Proved, String> {
    let brightness = bench.check().map_err(|ended| match ended {
        Ended::Failed(failure) => failure.sentence,
        Ended::DeviceLost => "the device was lost at its first frame".to_owned(),
    })?;
    let size = Size::new(Size::MAX);
    let format = size.map(|size| VideoFormat {
        size,
        fps: Fps::default(),
    });
    let format = format.ok_or("the standard format is not one of ours")?;
    let encoder = encode::choose(bench.encoder, format).map_err(|error| error.to_string())?;
    let adapter = bench.gpu.get().map_err(|error| error.to_string())?.facts().to_string();
    Ok(Proved {
        adapter,
        encoder: encoder.to_string(),
        passed_over: match bench.encoder {
            EncoderChoice::Auto => encode::passed_over(encoder, format),
            _ => Vec::new(),
        },
        brightness,
    })
}

fn serve(bench: &Bench, incoming: &Receiver<Errand>, voice: &Voice, exit: Exit) {
    while let Ok(errand) = incoming.recv() {
        let Errand::Work { number, work, cancel } = errand else {
            exit(BAD_ORDER)
        };
        let steps = Steps::new(number, voice);
        let tell = |step: Step| steps.tell(step);
        // Our own mistakes are told as such; one in a library leaves nothing behind that the next work would meet.
        let done = catch_unwind(AssertUnwindSafe(|| bench.work(&work, &cancel, &tell)));
        let word = match done.unwrap_or_else(|_| Err(Failure::mistake().into())) {
            Ok(answer) => Word::Done {
                number,
                answer: Box::new(answer),
            },
            Err(Ended::Failed(failure)) => Word::Failed {
                number,
                failure: failure.without_paths(&work),
            },
            Err(Ended::DeviceLost) => exit(DEVICE_LOST),
        };
        voice.say(&word);
    }
}

/// An order on its way from the reading to the working thread.
enum Errand {
    Setup(Setup),
    Work {
        number: Number,
        work: Box<Work>,
        cancel: Arc<AtomicBool>,
    },
}

fn listen(orders: &Sender<Errand>, exit: Exit) {
    let mut input = BufReader::new(io::stdin());
    let mut running: Option<(Number, Arc<AtomicBool>)> = None;
    loop {
        let mut text = Vec::new();
        let read = (&mut input).take(LINE_BYTES).read_until(b'\n', &mut text);
        if !matches!(read, Ok(1..)) {
            exit(NOBODY_LISTENS)
        }
        let errand = match serde_json::from_slice(&text) {
            Ok(Order::Setup(setup)) => Errand::Setup(setup),
            Ok(Order::Work { number, work }) => {
                let cancel = Arc::new(AtomicBool::new(false));
                running = Some((number, Arc::clone(&cancel)));
                Errand::Work { number, work, cancel }
            }
            Ok(Order::Cancel { number }) => {
                // One that has ended already needs none.
                if let Some((_, cancel)) = running.as_ref().filter(|(running, _)| *running == number) {
                    cancel.store(true, Ordering::Relaxed);
                }
                continue;
            }
            Err(_) => exit(BAD_ORDER),
        };
        if orders.send(errand).is_err() {
            exit(NOBODY_LISTENS)
        }
    }
}

/// The way to the supervisor.
struct Voice {
    output: Mutex<File>,
    exit: Exit,
}

impl Voice {
    /// Standard output itself; its number is given to standard error, for libraries that print.
    fn take(exit: Exit) -> io::Result<Self> {
        let output = File::from(io::stdout().as_fd().try_clone_to_owned()?);
        rustix::stdio::dup2_stdout(io::stderr().as_fd())?;
        Ok(Self {
            output: Mutex::new(output),
            exit,
        })
    }

    fn say(&self, word: &Word) {
        let Ok(bytes) = line(word) else { return };
        let mut output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        if output.write_all(&bytes).is_err() {
            (self.exit)(NOBODY_LISTENS)
        }
    }
}

/// Steps as they are told: a new stage and the last frame at once, others only now and then.
struct Steps<'v> {
    number: Number,
    voice: &'v Voice,
    last: Mutex<(Step, Instant)>,
}

impl<'v> Steps<'v> {
    fn new(number: Number, voice: &'v Voice) -> Self {
        Self {
            number,
            voice,
            last: Mutex::new((Step::default(), Instant::now())),
        }
    }

    fn tell(&self, step: Step) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        // Lanes count together but tell apart.
        let later = step.done > last.0.done;
        let news = step.stage != last.0.stage || (later && (last.1.elapsed() >= STEP_EVERY || step.done == step.of));
        if news {
            *last = (step, Instant::now());
            self.voice.say(&Word::Step {
                number: self.number,
                step,
            });
        }
    }
}
