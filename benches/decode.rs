//! How fast a fragment becomes 48 kHz stereo, from the middle of a song, per format; and how fast it is mastered.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use criterion::{BatchSize, Criterion};
use musiccircles::audio::{self, Edges};
use musiccircles::flow::Pcm;
use musiccircles::model::Fragment;

/// A fragment cut out of its song, or not, without a needle.
fn fades(fade_in: bool, fade_out: bool) -> Edges {
    Edges {
        fade_in,
        fade_out,
        needle_secs: None,
    }
}

pub fn benches(c: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder for songs");
    let never = AtomicBool::new(false);
    let fragment = Fragment {
        start: Duration::from_secs(100),
        length: Duration::from_secs(60),
    };
    let mut group = c.benchmark_group("decode");
    group.sample_size(20);
    for (name, codec) in [
        ("song.mp3", "-c:a libmp3lame -q:a 2"),
        ("song.m4a", "-c:a aac -b:a 192k"),
        ("song.ogg", "-c:a libvorbis -q:a 5"),
        ("song.opus", "-c:a libopus -b:a 128k"),
        ("song.flac", "-c:a flac"),
    ] {
        let path = folder.path().join(name);
        make_song(&path, codec);
        group.bench_function(format!("60s_{name}"), |b| {
            b.iter(|| audio::decode(&path, fragment, &never).expect("the song decodes"));
        });
    }
    group.bench_function("probe_mp3", |b| {
        b.iter(|| audio::probe(&folder.path().join("song.mp3"), &never).expect("a song"))
    });
    group.finish();

    let loud = audio::decode(&folder.path().join("song.flac"), fragment, &never).expect("the song decodes");
    // Loud enough not to need the limiter, and so dynamic that it does.
    let bursts = loud.samples.iter().enumerate().map(|(n, pair)| {
        let level = if n % 24_000 < 1_200 { 1.0 } else { 0.08 };
        pair.map(|sample| sample * level)
    });
    let dynamic = Pcm {
        samples: bursts.collect(),
    };
    let mut group = c.benchmark_group("master");
    for (name, pcm) in [("60s_gain", &loud), ("60s_limited", &dynamic)] {
        group.bench_function(name, |b| {
            b.iter_batched(
                || pcm.clone(),
                |mut pcm| audio::master(&mut pcm, fades(true, true)),
                BatchSize::LargeInput,
            );
        });
    }
    group.finish();
}

/// Three minutes of pink noise under a tremolo: busy enough for every codec.
fn make_song(path: &Path, codec: &str) {
    let source =
        "anoisesrc=color=pink:seed=1:duration=180:sample_rate=44100,tremolo=f=2:d=0.7,aformat=channel_layouts=stereo";
    let made = Command::new("ffmpeg")
        .args(["-v", "error", "-y", "-f", "lavfi", "-i", source])
        .args(codec.split_whitespace())
        .arg(path)
        .status()
        .expect("the ffmpeg program is installed for the benches");
    assert!(made.success());
}
