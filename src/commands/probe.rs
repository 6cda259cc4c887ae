//! `musiccircles probe`: what is known of a song.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use serde::Serialize;

use super::CommandError;
use super::answer::{print_json, print_text};
use crate::audio;
use crate::cli::ProbeArgs;
use crate::model::TrackFacts;
use crate::model::time::show_time;
use crate::pipeline::{FragmentChoice, survey};

#[derive(Serialize)]
struct ProbeJson {
    duration_s: f64,
    title: Option<String>,
    artist: Option<String>,
    album: Option<String>,
    has_cover: bool,
    tempo_bpm: Option<f64>,
    integrated_lufs: Option<f64>,
    highlights: Vec<HighlightJson>,
}

#[derive(Serialize)]
struct HighlightJson {
    start: f64,
    end: f64,
    score: f64,
}

pub fn run(args: &ProbeArgs, cancel: &AtomicBool) -> Result<(), CommandError> {
    let facts = audio::probe(&args.audio, cancel)?;
    let heard = survey(&args.audio, cancel)?;
    let round = |value: f64, steps: f64| (value * steps).round() / steps;
    let highlights = heard
        .highlights(FragmentChoice::AUTO_LENGTH)
        .into_iter()
        .map(|best| HighlightJson {
            start: round(best.start_secs, 1000.0),
            end: round(best.end_secs, 1000.0),
            score: round(best.score, 1000.0),
        });
    let TrackFacts {
        duration,
        tags,
        cover,
        codec,
        sample_rate,
        channels,
        lyrics: _,
    } = facts;
    let json = ProbeJson {
        duration_s: duration.as_secs_f64(),
        title: tags.title,
        artist: tags.artist,
        album: tags.album,
        has_cover: cover.is_some(),
        tempo_bpm: heard.tempo_bpm.map(|bpm| round(f64::from(bpm), 10.0)),
        integrated_lufs: heard.integrated_lufs.map(|lufs| round(lufs, 10.0)),
        highlights: highlights.collect(),
    };
    if args.json {
        print_json(&json)
    } else {
        let sound = format!(
            "{codec}, {sample_rate} Hz, {channels} channel{}",
            if channels == 1 { "" } else { "s" }
        );
        print_text(&in_words(&json, duration, &sound))
    }
}

fn in_words(probe: &ProbeJson, duration: Duration, sound: &str) -> String {
    let known = |text: &Option<String>| text.clone().unwrap_or_else(|| "unknown".to_owned());
    let mut text = format!(
        "title     {}\nartist    {}\nalbum     {}\nlength    {}\nsound     {sound}\ncover     {}\n",
        known(&probe.title),
        known(&probe.artist),
        known(&probe.album),
        show_time(duration),
        if probe.has_cover { "in the tags" } else { "none" },
    );
    text += &match probe.tempo_bpm {
        Some(bpm) => format!("tempo     {bpm:.1} bpm\n"),
        None => "tempo     no steady beat\n".to_owned(),
    };
    text += &match probe.integrated_lufs {
        Some(lufs) => format!("loudness  {lufs:.1} LUFS\n"),
        None => "loudness  silent\n".to_owned(),
    };
    for best in &probe.highlights {
        let time = |secs: f64| show_time(Duration::from_secs_f64(secs));
        text += &format!(
            "best      {} to {}, score {:.2}\n",
            time(best.start),
            time(best.end),
            best.score
        );
    }
    text
}
