//! The name of a circle before it is made: how fast a service knows that it has it already.

use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use musiccircles::assets;
use musiccircles::encode::EncoderChoice;
use musiccircles::model::{Corners, Fps, Size, VideoFormat};
use musiccircles::pipeline::{self, CoverChoice, FragmentChoice, Request};
use musiccircles::scene::motion::Speed;
use musiccircles::scene::params::ParamValues;
use musiccircles::scene::theme;

#[test]
fn a_warm_song_is_known_by_its_key_in_an_instant() {
    let folder = tempfile::tempdir().unwrap();
    let song = folder.path().join("song.mp3");
    std::fs::write(&song, assets::DEMO_SONG).unwrap();
    let request = Request {
        song,
        cover: CoverChoice::FromTags,
        lyrics: musiccircles::pipeline::LyricsChoice::Nearby,
        fragment: FragmentChoice::From {
            start: Duration::from_secs(10),
            length: Some(Duration::from_secs(30)),
        },
        theme: theme::find("vinyl").unwrap().clone(),
        params: ParamValues::new(),
        speed: Speed::default(),
        format: VideoFormat {
            size: Size::new(640).unwrap(),
            fps: Fps::default(),
        },
        corners: Corners::Black,
        title: None,
        artist: None,
        encoder: EncoderChoice::X264,
        cores: None,
        max_bytes: 8_000_000,
        seed: 0,
    };
    let key = || pipeline::content_key(&request, &AtomicBool::new(false)).unwrap();
    let first = key();
    let square = Request {
        corners: Corners::Cover,
        ..request.clone()
    };
    let square = pipeline::content_key(&square, &AtomicBool::new(false)).unwrap();
    assert_ne!(square, first, "a square picture is another circle");
    let began = Instant::now();
    assert_eq!(key(), first);
    println!("content key of a warm song: {:?}", began.elapsed());
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    // The look changes with the theme, not with the song.
    let looks = ["vinyl"].map(|name| pipeline::look_version(theme::find(name).unwrap()));
    assert!(
        theme::built_in()
            .iter()
            .all(|theme| theme.name == "vinyl" || pipeline::look_version(theme) != looks[0])
    );
}
