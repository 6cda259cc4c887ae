//! `musiccircles frame`: one moment of a circle as a PNG.

use std::sync::atomic::AtomicBool;

use super::answer::{CircleJson, print_json, say_of_lyrics};
use super::{CommandError, check_output, request};
use crate::cli::FrameArgs;
use crate::deliver::{file, picture};
use crate::pipeline::{self, SharedGpu};

pub fn run(args: &FrameArgs, cancel: &AtomicBool) -> Result<(), CommandError> {
    let name = args.output.to_string_lossy();
    if name != "-" && !name.to_lowercase().ends_with(".png") {
        return Err(CommandError::Usage(format!(
            "{name}: a frame is written as .png, or to - for standard output"
        )));
    }
    check_output(&args.output, &args.circle)?;
    let request = request(&args.circle)?;
    let gpu = SharedGpu::new(args.circle.adapter);
    let (nv12, report) = pipeline::frame(&request, &gpu, args.at, cancel)?;
    let png = picture::png(&picture::rgb_from_nv12(&nv12, request.format.size))?;
    let bytes = file::write_whole(&args.output, &png)?;
    if args.circle.json {
        print_json(&CircleJson::new(&args.output, bytes, &report))?;
    } else {
        say_of_lyrics(&report.lyrics);
    }
    Ok(())
}
