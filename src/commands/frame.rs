//! `musiccircles frame`: one moment of a circle as a PNG.

use std::sync::atomic::AtomicBool;

use serde::Serialize;

use super::{CommandError, StagesMs, print_json, request};
use crate::cli::FrameArgs;
use crate::deliver::{file, picture};
use crate::pipeline::{self, SharedGpu};

#[derive(Serialize)]
struct FrameJson {
    output: String,
    bytes: usize,
    at_s: f64,
    width: u32,
    theme: String,
    adapter: String,
    key: String,
    stages: StagesMs,
}

pub fn run(args: &FrameArgs, cancel: &AtomicBool) -> Result<(), CommandError> {
    let name = args.output.to_string_lossy();
    if name != "-" && !name.to_lowercase().ends_with(".png") {
        return Err(CommandError::Usage(format!(
            "{name}: a frame is written as .png, or to - for standard output"
        )));
    }
    if args.circle.json && name == "-" {
        return Err(CommandError::Usage(
            "--json and -o - both want standard output; give a file".to_owned(),
        ));
    }
    file::check(&args.output)?;
    let request = request(&args.circle)?;
    let gpu = SharedGpu::new(args.circle.adapter);
    let (nv12, report) = pipeline::frame(&request, &gpu, args.at, cancel)?;
    let png = picture::png(&picture::rgb_from_nv12(&nv12, request.format.size))?;
    file::write_whole(&args.output, &png)?;
    if args.circle.json {
        print_json(&FrameJson {
            output: name.into_owned(),
            bytes: png.len(),
            at_s: args.at.as_secs_f64(),
            width: report.format.size.px(),
            theme: report.theme,
            adapter: report.adapter,
            key: report.key,
            stages: report.stages.into(),
        })?;
    }
    Ok(())
}
