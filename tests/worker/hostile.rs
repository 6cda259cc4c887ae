//! Damaged files of every kind, made from good ones by seeded mistakes: each ends in a circle or in a sentence, in time.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use musiccircles::worker::{Blame, Files, Pool, Step, WorkFailed};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::shop::{Shop, small};
use crate::support::picture;
use crate::support::sound::{Noise, ffmpeg};

/// No file takes longer, in a debug build on a busy machine.
const IN_TIME: Duration = Duration::from_secs(20);
/// What damaged length fields say.
const LENGTHS: [u32; 6] = [0, 1, 0x7fff_ffff, 0xffff_ffff, 0x8000_0000, 0x00ff_ffff];

/// What a file is sent as.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Song,
    Picture,
    Words,
}

/// Good files: name, what it is, bytes.
struct Seeds(Vec<(&'static str, Kind, Vec<u8>)>);

impl Seeds {
    fn make(shop: &Shop) -> Self {
        let wav = shop.song(2.0);
        let cover = shop.path("seed-cover.jpg");
        let quadrants = picture::quadrants(64, 48);
        std::fs::write(&cover, picture::file(quadrants.clone(), image::ImageFormat::Jpeg)).unwrap();
        let with_cover = format!(
            "-i {} -map 0:a -map 1:v -c:v copy -disposition:v attached_pic -metadata title=Tide",
            cover.display()
        );
        let pictures = "-f lavfi -i testsrc=size=64x64:rate=10:duration=2 -map 0:a -map 1:v -pix_fmt yuv420p";
        let (video, web) = (
            format!("{pictures} -c:v libx264 -c:a aac -b:a 64k -metadata title=Tide"),
            format!("{pictures} -c:v libvpx -c:a libopus -b:a 48k"),
        );
        let songs: [(&str, &str, bool); 12] = [
            ("a.mp3", "-c:a libmp3lame -b:a 64k", true),
            ("b.m4a", "-c:a aac -b:a 64k", true),
            ("c.ogg", "-c:a libvorbis -metadata title=Tide", false),
            ("d.opus", "-c:a libopus -b:a 48k -metadata title=Tide", false),
            ("e.flac", "-c:a flac", true),
            ("f.wav", "-metadata title=Tide", false),
            ("g.aiff", "-metadata title=Tide", false),
            ("h.aac", "-c:a aac -b:a 64k", false),
            ("i.m4a", "-c:a alac", false),
            ("n.mp4", &video, false),
            ("o.webm", &web, false),
            ("p.mka", "-c:a libvorbis -metadata title=Tide", false),
        ];
        let mut seeds = Vec::new();
        for (name, args, covered) in songs {
            let args = if covered {
                format!("{with_cover} {args}")
            } else {
                args.to_owned()
            };
            let path = ffmpeg(&wav, &args, shop.path(&format!("seed-{name}")));
            seeds.push((name, Kind::Song, std::fs::read(path).unwrap()));
        }
        for (name, format) in [
            ("j.jpg", image::ImageFormat::Jpeg),
            ("k.png", image::ImageFormat::Png),
            ("l.webp", image::ImageFormat::WebP),
            ("m.gif", image::ImageFormat::Gif),
            ("q.bmp", image::ImageFormat::Bmp),
        ] {
            seeds.push((name, Kind::Picture, picture::file(quadrants.clone(), format)));
        }
        let words =
            "\u{feff}[ti:Tide]\n[offset:+250]\n[00:00.50]Вода уходит\n[00:01.20]<00:01.20>and <00:01.60>comes back\n";
        seeds.push(("r.lrc", Kind::Words, words.as_bytes().to_vec()));
        Self(seeds)
    }

    /// The file of this number, the same in every run.
    fn damaged(&self, number: u64) -> (&'static str, Kind, Vec<u8>) {
        let mut noise = Noise::new(number + 1);
        for _ in 0..8 {
            noise.bits();
        }
        let mut upto = |bound: usize| (noise.bits() >> 16) as usize % bound.max(1);
        let (name, kind, good) = &self.0[number as usize % self.0.len()];
        let mut bytes = good.clone();
        for _ in 0..=upto(3) {
            // Where formats keep what they say of themselves: half of the damage is done there.
            let near = if upto(2) == 0 {
                bytes.len().min(2_000)
            } else {
                bytes.len()
            };
            let at = upto(near);
            match upto(7) {
                0 | 1 => {
                    for _ in 0..=upto(16) {
                        let at = (at + upto(64)).min(bytes.len().saturating_sub(1));
                        if let Some(byte) = bytes.get_mut(at) {
                            *byte ^= 1 << upto(8);
                        }
                    }
                }
                2 => bytes.truncate(at),
                3 | 4 => {
                    let length = LENGTHS[upto(LENGTHS.len())];
                    let field = if upto(2) == 0 {
                        length.to_be_bytes()
                    } else {
                        length.to_le_bytes()
                    };
                    // Fields lie at even places; some are two bytes long.
                    let (at, width) = (at & !1, [2, 4][upto(2)]);
                    if let Some(place) = bytes.get_mut(at..at + width) {
                        place.copy_from_slice(&field[4 - width..]);
                    }
                }
                5 => {
                    let other = &self.0[upto(self.0.len())].2;
                    bytes.truncate(at);
                    bytes.extend(&other[upto(other.len())..]);
                }
                _ => {
                    let end = (at + upto(4_000)).min(bytes.len());
                    let again = bytes[at.min(end)..end].to_vec();
                    bytes.splice(at.min(bytes.len())..at.min(bytes.len()), again);
                }
            }
        }
        (name, *kind, bytes)
    }
}

/// What came of a file: a word to count by, or why it must not have come.
fn judge<T>(done: Result<T, WorkFailed>, home: &str) -> Result<String, String> {
    match done {
        Ok(_) => Ok("good".to_owned()),
        Err(WorkFailed::Failed(failure)) if failure.blame == Blame::Request => {
            let sentence = &failure.sentence;
            let plain = sentence.len() > 20 && !sentence.contains(home) && !sentence.contains('\n');
            if plain {
                Ok(format!("{:?}", failure.reason))
            } else {
                Err(format!("not plain: {sentence}"))
            }
        }
        Err(other) => Err(format!("{other:?}")),
    }
}

async fn try_one(pool: Pool, seeds: Arc<Seeds>, folder: PathBuf, number: u64) -> Vec<Result<String, String>> {
    let (name, kind, bytes) = seeds.damaged(number);
    let (file, made) = (
        folder.join(format!("{number}-{name}")),
        folder.join(format!("{number}.made")),
    );
    std::fs::write(&file, bytes).unwrap();
    let home = folder.display().to_string();
    let no_cancel = CancellationToken::new;
    let began = Instant::now();
    let mut wanted = small(&file, 1_000);
    let good_song = folder.join("song.wav");
    let looked = match kind {
        Kind::Song => judge(pool.probe(&file, Some(&made), no_cancel()).await, &home),
        Kind::Picture => {
            wanted.files = Files {
                song: good_song,
                cover: Some(file.clone()),
                lyrics: None,
            };
            judge(pool.cover(&file, &made, no_cancel()).await, &home)
        }
        Kind::Words => {
            wanted.spec.theme = "lyrics".to_owned();
            wanted.files = Files {
                song: good_song,
                cover: None,
                lyrics: Some(file.clone()),
            };
            judge(pool.lyrics(&file, no_cancel()).await, &home)
        }
    };
    // What every card has done of its song.
    let heard = match kind {
        Kind::Song => Some(judge(
            pool.survey(&file, Duration::from_secs(1), no_cancel()).await,
            &home,
        )),
        _ => None,
    };
    let (steps, _) = watch::channel(Step::default());
    let rendered = judge(pool.render(wanted, &made, None, steps, no_cancel()).await, &home);
    let late = (began.elapsed() > IN_TIME).then(|| Err(format!("took {:?}", began.elapsed())));
    remove(&file);
    remove(&made);
    let told = |what: &str, judged: Result<String, String>| {
        judged
            .map(|word| format!("{what} {word}"))
            .map_err(|why| format!("file {number} ({name}), {what}: {why}"))
    };
    let heard = heard.map(|heard| told("listen", heard));
    [Some(told("look", looked)), heard, Some(told("render", rendered)), late]
        .into_iter()
        .flatten()
        .collect()
}

fn remove(path: &Path) {
    let _ = std::fs::remove_file(path);
}

async fn try_many(files: u64) {
    let shop = Shop::open_with(|settings| settings.job = IN_TIME).await;
    let seeds = Arc::new(Seeds::make(&shop));
    let children = shop.children();
    let folder = shop.path("");
    let home = PathBuf::from(folder.to_str().unwrap().trim_end_matches('/'));
    let (mut counts, mut wrong) = (BTreeMap::new(), Vec::new());
    let mut running = tokio::task::JoinSet::new();
    let mut next = 0;
    loop {
        while running.len() < 2 && next < files {
            running.spawn(try_one(shop.pool.clone(), Arc::clone(&seeds), home.clone(), next));
            next += 1;
        }
        let Some(results) = running.join_next().await else {
            break;
        };
        for result in results.unwrap() {
            match result {
                Ok(word) => *counts.entry(word).or_insert(0) += 1,
                Err(why) => {
                    eprintln!("{why}");
                    wrong.push(why);
                }
            }
        }
        if next % 1_000 == 0 {
            eprintln!("{next}: {counts:?}");
        }
    }
    eprintln!("{counts:?}");
    assert_eq!(wrong, Vec::<String>::new());
    assert_eq!(shop.children(), children, "a child did not outlive it");
    let good = counts.get("render good").copied().unwrap_or(0);
    assert!(
        good > files / 10 && good < files * 9 / 10,
        "the damage is too small or too large"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_and_fifty_damaged_files() {
    try_many(150).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes half an hour: cargo nextest run --run-ignored only damaged"]
async fn ten_thousand_damaged_files() {
    try_many(10_000).await;
}
