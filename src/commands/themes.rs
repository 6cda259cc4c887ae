//! `musiccircles themes`: what looks there are, what each takes, and help for who writes one.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use image::RgbImage;
use image::imageops;
use serde::Serialize;

use super::CommandError;
use super::answer::{print_json, print_text, say};
use crate::cli::{JsonArgs, ThemesAction, ThemesArgs};
use crate::cover;
use crate::deliver::{file, picture};
use crate::flow::{ENVELOPE_POINTS, Features, FrameFeatures};
use crate::model::{Corners, Fps, FrameIndex, Size, Tags, VideoFormat};
use crate::pack;
use crate::render::{self, AdapterChoice, Gpu, Renderer};
use crate::scene::motion::Speed;
use crate::scene::params::ParamValues;
use crate::scene::theme::{self, Manifest, Theme};
use crate::scene::{self, SceneRequest};

const STARTER_MANIFEST: &str = include_str!("../../shaders/starter/theme.toml");
const STARTER_SHADER: &str = include_str!("../../shaders/starter/theme.wgsl");
/// Side of one theme on the sheet, and how many stand in a row.
const SHEET_SIDE: u32 = 320;
const SHEET_COLUMNS: u32 = 4;

#[derive(Serialize)]
struct ThemeJson<'a> {
    name: &'a str,
    #[serde(flatten)]
    manifest: &'a Manifest,
}

#[derive(Serialize)]
struct ThemesJson<'a> {
    themes: Vec<ThemeJson<'a>>,
}

pub fn run(args: &ThemesArgs) -> Result<(), CommandError> {
    match &args.action {
        None => list(JsonArgs { json: false }),
        Some(ThemesAction::List(json)) => list(*json),
        Some(ThemesAction::Show { name }) => print_text(&show(&pack::find(name)?)),
        Some(ThemesAction::Check { dir }) => check(dir),
        Some(ThemesAction::New { name }) => new(name),
        Some(ThemesAction::Sheet { output }) => sheet(output),
    }
}

fn list(args: JsonArgs) -> Result<(), CommandError> {
    if args.json {
        let themes = theme::built_in().iter().map(|theme| ThemeJson {
            name: &theme.name,
            manifest: &theme.manifest,
        });
        return print_json(&ThemesJson {
            themes: themes.collect(),
        });
    }
    let mut text = String::new();
    for theme in theme::built_in() {
        let Manifest { title, author, .. } = &theme.manifest;
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{:<10} {} / {}, by {author}", theme.name, title.en, title.ru);
    }
    print_text(&text)
}

fn show(theme: &Theme) -> String {
    let Manifest {
        title, author, params, ..
    } = &theme.manifest;
    let mut text = format!("{}: {} / {}, by {author}\n", theme.name, title.en, title.ru);
    for (name, spec) in params {
        let _ = writeln!(text, "\n  --set {name}={}   {spec}", spec.default_text());
        let _ = writeln!(text, "      {}\n      {}", spec.help().en, spec.help().ru);
    }
    text
}

fn check(dir: &Path) -> Result<(), CommandError> {
    // A folder goes before a theme of the program: it is what one is working on.
    let built_in = theme::built_in()
        .iter()
        .find(|theme| !dir.exists() && Path::new(&theme.name) == dir);
    let theme = built_in.map_or_else(|| pack::load(dir), |theme| Ok(theme.clone()))?;
    render::check(&theme.shader)
        .map_err(|complaint| CommandError::Usage(complaint.of(dir.join(pack::SHADER_FILE).display())))?;
    print_text(&format!(
        "{}: a good theme, with {} parameters\n",
        dir.display(),
        theme.manifest.params.len()
    ))
}

fn new(folder: &Path) -> Result<(), CommandError> {
    let failed = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => {
            CommandError::Usage(format!("{} is there already; choose another name", folder.display()))
        }
        std::io::ErrorKind::NotFound => CommandError::Usage(format!(
            "{} cannot be made, since the folder it would lie in does not exist; make that one first",
            folder.display()
        )),
        kind => CommandError::Usage(format!("{} cannot be made ({kind})", folder.display())),
    };
    if theme::names().iter().any(|name| Path::new(name) == folder) {
        return Err(CommandError::Usage(format!(
            "{} is a theme of the program; choose another name",
            folder.display()
        )));
    }
    fs::create_dir(folder).map_err(failed)?;
    fs::write(folder.join(pack::MANIFEST_FILE), STARTER_MANIFEST).map_err(failed)?;
    fs::write(folder.join(pack::SHADER_FILE), STARTER_SHADER).map_err(failed)?;
    let name = quoted(&folder.display().to_string());
    // Without a slash it would be taken for the name of a theme of the program.
    let pack = if name.contains('/') {
        name.clone()
    } else {
        format!("./{name}")
    };
    say(&format!(
        "{name}: change it, `musiccircles themes check {name}`, then render with --theme {pack}"
    ));
    Ok(())
}

/// A name as it is typed in a shell.
fn quoted(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./".contains(c);
    if name.chars().all(plain) {
        name.to_owned()
    } else {
        format!("'{}'", name.replace('\'', "'\\''"))
    }
}

/// One frame of every theme, to the same lively moment, with the bundled cover.
fn sheet(output: &Path) -> Result<(), CommandError> {
    file::check(output)?;
    let themes = theme::built_in();
    let columns = SHEET_COLUMNS.min(themes.len() as u32);
    let rows = (themes.len() as u32).div_ceil(columns);
    let mut page = RgbImage::new(columns * SHEET_SIDE, rows * SHEET_SIDE);
    let gpu = Gpu::open(AdapterChoice::Auto)?;
    let cover = Arc::new(cover::load(crate::assets::DEMO_COVER).map_err(crate::pipeline::PipelineError::from)?);
    for (place, theme) in (0..).zip(themes) {
        let scene = scene::compose(
            &SceneRequest {
                format: sheet_format()?,
                corners: Corners::Black,
                theme,
                params: &ParamValues::new(),
                speed: Speed::default(),
                cover: Arc::clone(&cover),
                tags: &Tags {
                    title: Some(theme.manifest.title.en.clone()),
                    artist: Some(theme.manifest.author.clone()),
                    album: None,
                },
                lyrics: &[],
                seed: 0,
            },
            &lively_second(),
        );
        let frame = Renderer::single(&gpu, &scene)?.frame(FrameIndex(15))?;
        let frame = picture::rgb_from_nv12(&frame, scene.format.size);
        let (x, y) = (place % columns * SHEET_SIDE, place / columns * SHEET_SIDE);
        imageops::replace(&mut page, &frame, i64::from(x), i64::from(y));
    }
    file::write_whole(output, &picture::png(&page)?)?;
    Ok(())
}

fn sheet_format() -> Result<VideoFormat, CommandError> {
    let format = Size::new(SHEET_SIDE)
        .zip(Fps::new(30))
        .map(|(size, fps)| VideoFormat { size, fps });
    format.ok_or_else(|| CommandError::Machine("the sheet's format is not one of ours".to_owned()))
}

/// A second of music that shows every effect: a full spectrum, a loud bass, one hit.
fn lively_second() -> Features {
    let frame = |n: u32| FrameFeatures {
        rms: 0.7,
        loudness: 0.7,
        bass: 0.8,
        mid: 0.6,
        treble: 0.5,
        bands: std::array::from_fn(|band| 0.55 + 0.4 * (band as f32 * 0.6).sin() * (1.0 - band as f32 / 90.0)),
        onset: if n == 15 { 1.0 } else { 0.0 },
        beat_phase: n as f32 / 30.0,
    };
    let envelope = |i: usize| 0.35 + 0.6 * (i as f32 / ENVELOPE_POINTS as f32 * 9.0).sin().abs();
    Features {
        fps: Fps::default(),
        frames: (0..30).map(frame).collect(),
        tempo_bpm: Some(60.0),
        beats_secs: vec![0.0],
        envelope: (0..ENVELOPE_POINTS).map(envelope).collect(),
    }
}
