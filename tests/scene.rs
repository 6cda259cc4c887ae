//! The step scene, by value: motion, parameters, themes, text.

use musiccircles::flow::FrameFeatures;
use musiccircles::model::{Size, Tags};
use musiccircles::scene::motion::{DEFAULT_RPM, Motion, Speed, moments};
use musiccircles::scene::params::ParamValue;
use musiccircles::scene::{SceneError, theme, title};

use crate::support::stage::{SILENCE, Stage, features, lively};

const LP: Motion = Motion {
    speed: Speed::Rpm(DEFAULT_RPM),
    spin: false,
    looped: false,
};

#[test]
fn a_minute_at_33_and_a_third_is_33_and_a_third_turns() {
    assert!((LP.turns_at(60.0, 60.0, LP.rpm(None)) - 100.0 / 3.0).abs() < 1e-12);
    let single = Motion {
        speed: Speed::Rpm(45.0),
        ..LP
    };
    let all = moments(&features(30, vec![SILENCE; 1800]), &single);
    // 45 rpm: 0.75 turns a second, so frame 40 has made exactly one.
    assert!(all[40].turn < 1e-6 || all[40].turn > 1.0 - 1e-6, "{}", all[40].turn);
    assert!((all[20].turn - 0.5).abs() < 1e-6);
    assert!((all[20].turn_cos + 1.0).abs() < 1e-5 && all[20].turn_sin.abs() < 1e-5);
    assert!(all.iter().all(|moment| (0.0..1.0).contains(&moment.progress)));
}

#[test]
fn a_loop_has_whole_turns_and_ends_as_it_begins() {
    let looped = Motion { looped: true, ..LP };
    let heard = lively(30, 7 * 30 + 11);
    let all = moments(&heard, &looped);
    let step = (all[1].turn - all[0].turn).rem_euclid(1.0);
    let across_the_seam = (all[0].turn - all[all.len() - 1].turn).rem_euclid(1.0);
    assert!(
        (step - across_the_seam).abs() < 1e-4,
        "{step} a frame, {across_the_seam} across the seam"
    );
    assert!(
        (f64::from(step) * 30.0 * 60.0 / DEFAULT_RPM - 1.0).abs() < 0.15,
        "near the speed asked for"
    );
    let (first, last) = (&all[0], &all[all.len() - 1]);
    for (a, b) in first.bands.iter().zip(&last.bands) {
        assert!((a - b).abs() < 0.08, "a band jumps from {b} to {a} across the seam");
    }
    assert_eq!(
        all[100].bands, heard.frames[100].bands,
        "before the seam nothing is changed"
    );
}

#[test]
fn a_record_comes_to_speed_and_to_rest() {
    let spinning = Motion { spin: true, ..LP };
    let at = |secs: f64| spinning.turns_at(secs, 10.0, DEFAULT_RPM);
    let speed = |secs: f64| (at(secs + 1e-4) - at(secs - 1e-4)) / 2e-4 * 60.0;
    assert_eq!(at(0.0), 0.0);
    assert!(speed(0.05) < 5.0 && speed(9.96) < 5.0);
    assert!((speed(0.5 + 1e-3) - DEFAULT_RPM).abs() < 0.01 && (speed(5.0) - DEFAULT_RPM).abs() < 0.01);
    assert!(
        (speed(0.25) - DEFAULT_RPM / 2.0).abs() < 0.01,
        "halfway up: {}",
        speed(0.25)
    );
    let turns: Vec<f64> = (0..=1000).map(|n| at(f64::from(n) / 100.0)).collect();
    assert!(turns.windows(2).all(|pair| pair[1] >= pair[0]), "it never turns back");
    // The shortest circle: up and down meet.
    assert!(spinning.turns_at(1.0, 1.0, DEFAULT_RPM).is_finite());
}

#[test]
fn beats_to_a_turn_are_whole() {
    let motion = Motion {
        speed: Speed::Beat,
        ..LP
    };
    for bpm in [60.0_f32, 87.5, 97.0, 120.0, 128.0, 174.0, 200.0] {
        let rpm = motion.rpm(Some(bpm));
        let beats_a_turn = f64::from(bpm) / rpm;
        assert!(
            (beats_a_turn - beats_a_turn.round()).abs() < 1e-9,
            "{bpm} bpm: {beats_a_turn} beats to a turn"
        );
        assert!((22.0..=50.0).contains(&rpm), "{bpm} bpm: {rpm} rpm");
    }
    assert_eq!(motion.rpm(None), DEFAULT_RPM);
}

#[test]
fn moments_carry_the_features_of_their_own_frame() {
    let heard = lively(25, 10);
    for (moment, frame) in moments(&heard, &LP).iter().zip(&heard.frames) {
        assert_eq!(
            (moment.bass, moment.rms, moment.bands),
            (frame.bass, frame.rms, frame.bands)
        );
    }
}

#[test]
fn the_same_request_is_the_same_scene() {
    let stage = Stage::new(640, features(30, [FrameFeatures { bass: 0.3, ..SILENCE }]));
    let (one, two) = (stage.build(), stage.build());
    assert_eq!(one.look, two.look);
    assert_eq!(one.moments, two.moments);
    assert_eq!(one.params, two.params);
    assert_eq!(one.text, two.text);
}

#[test]
fn every_built_in_theme_is_read() {
    let names: Vec<_> = theme::built_in().iter().map(|theme| theme.name.as_str()).collect();
    assert_eq!(names, theme::names(), "a manifest cannot be read");
    for theme in theme::built_in() {
        assert!(!theme.manifest.title.en.is_empty() && !theme.manifest.title.ru.is_empty());
        for (name, spec) in &theme.manifest.params {
            assert!(
                !spec.help().en.is_empty() && !spec.help().ru.is_empty(),
                "{}: {name}",
                theme.name
            );
        }
    }
}

#[test]
fn an_unknown_theme_or_parameter_names_the_known_ones() {
    let unknown = theme::find("vinil").unwrap_err().to_string();
    assert!(unknown.contains("vinil") && unknown.contains("vinyl"), "{unknown}");
    let vinyl = theme::find("vinyl").unwrap();
    let unknown = vinyl.parse_settings(["glo=1"]).unwrap_err().to_string();
    assert!(unknown.contains("`glo`") && unknown.contains("glow"), "{unknown}");
}

#[test]
fn settings_are_checked() {
    let vinyl = theme::find("vinyl").unwrap();
    let read = |text: &str| vinyl.parse_settings([text]);
    assert_eq!(read("glow=0.5").unwrap()["glow"], ParamValue::Number(0.5));
    assert_eq!(read("text=off").unwrap()["text"], ParamValue::Number(0.0));
    assert_eq!(read("accent=auto").unwrap()["accent"], ParamValue::Auto);
    assert_eq!(
        read("accent=#ff8000").unwrap()["accent"],
        ParamValue::Rgb([1.0, 128.0 / 255.0, 0.0])
    );
    for bad in [
        "glow=3",
        "glow=-1",
        "glow=NaN",
        "glow=inf",
        "glow=",
        "text=maybe",
        "accent=#ff80",
        "accent=red",
        "accent=#gg0000",
    ] {
        assert!(
            matches!(read(bad), Err(SceneError::BadValue { .. })),
            "{bad}: {:?}",
            read(bad)
        );
    }
    assert!(matches!(read("glow"), Err(SceneError::NotASetting { .. })));
}

#[test]
fn a_bad_manifest_is_an_error_that_says_where() {
    let read = |manifest: &str| theme::Theme::read("mine", manifest, "").unwrap_err().to_string();
    assert!(read("author = 1").contains("mine.toml"));
    let start = "author = \"me\"\ncover_span = 0.4\nparts = 1\n[text]\nradius = 0.4\nwidth = 0.06\n[title]\nen = \"M\"\nru = \"М\"\n";
    let out_of_range =
        "[params.a]\ntype = \"float\"\ndefault = 5.0\nrange = [0.0, 1.0]\nhelp = { en = \"a\", ru = \"а\" }\n";
    assert!(read(&format!("{start}{out_of_range}")).contains("`a`"));
    assert!(
        read(&format!(
            "{start}[params.\"a b\"]\ntype = \"bool\"\ndefault = true\nhelp = {{ en = \"a\", ru = \"а\" }}\n"
        ))
        .contains("a b")
    );
    assert!(read(&start.replace("0.4", "4.0")).contains("cover_span"));
}

#[test]
fn text_is_drawn_in_both_alphabets_and_never_overflows() {
    let size = Size::new(640).unwrap();
    let place = theme::find("vinyl").unwrap().manifest.text;
    let etch = |title: &str| {
        title::etch(
            &Tags {
                title: Some(title.into()),
                artist: None,
                album: None,
            },
            place,
            size,
        )
    };
    for text in ["Crossroads", "Перекрёсток", "Ад: «Начало» — №5"] {
        let strip = etch(text);
        let ink = strip.coverage.iter().filter(|&&c| c > 128).count();
        assert!(
            ink > 20 * text.chars().filter(|c| c.is_alphabetic()).count(),
            "{text}: {ink} inked pixels"
        );
        assert_eq!(strip.coverage.len(), (strip.width * strip.height) as usize);
        assert!(
            strip.turns > 0.0 && strip.turns < 0.5,
            "{text} takes {} turns",
            strip.turns
        );
    }
    let long = etch(&"Очень длинное название ".repeat(50));
    assert!(long.turns <= 0.81, "{}", long.turns);
    assert_eq!(title::etch(&Tags::default(), place, size).turns, 0.0);
    // Letters the font lacks are left out, and a title of nothing else takes no place.
    let etch_both = |title: &str, artist: &str| {
        let tags = Tags {
            title: Some(title.into()),
            artist: Some(artist.into()),
            album: None,
        };
        title::etch(&tags, place, size)
    };
    assert_eq!(etch_both("日本語", "العربية 🎵").turns, 0.0);
    assert_eq!(etch_both("日本語", "Test"), etch("Test"));
    assert_eq!(etch_both("Песня 日", "Test"), etch_both("Песня", "Test"));
    // Control characters, right-to-left, emoji: drawn somehow, no panic.
    for odd in ["日本語", "🎵🎵", "\u{202e}abc", "a\u{0301}\u{0301}\u{0301}", "\n\t"] {
        etch(odd);
    }
}

/// Frames with these onsets, all else full and steady.
fn hit(fps: u32, onsets: &[f32]) -> musiccircles::flow::Features {
    let frame = |&onset: &f32| FrameFeatures {
        loudness: 1.0,
        onset,
        ..SILENCE
    };
    features(fps, onsets.iter().map(frame))
}

#[test]
fn hard_hits_spark_and_rest_between() {
    // At 30 frames a second six frames are 0.2 s: the hit in frame 13 comes too soon after the one in frame 10.
    let mut onsets = [0.0; 40];
    (onsets[4], onsets[10], onsets[13], onsets[16], onsets[25]) = (0.45, 0.8, 1.0, 0.6, 1.0);
    let seen = moments(&hit(30, &onsets), &LP);
    assert!(
        seen[..10]
            .iter()
            .all(|moment| moment.spark_age_secs == 1000.0 && moment.spark_power == 0.0)
    );
    for (n, last, power) in [
        (10, 10, 0.8),
        (13, 10, 0.8),
        (15, 10, 0.8),
        (16, 16, 0.6),
        (24, 16, 0.6),
        (39, 25, 1.0),
    ] {
        let age_secs = (n - last) as f32 / 30.0;
        assert!(
            (seen[n].spark_age_secs - age_secs).abs() < 1e-5,
            "frame {n}: {}",
            seen[n].spark_age_secs
        );
        assert_eq!(seen[n].spark_power, power, "frame {n}");
    }
    assert!(seen[10].spark_seed != seen[16].spark_seed && seen[16].spark_seed != seen[25].spark_seed);
    assert_eq!(seen[10].spark_seed, seen[15].spark_seed);
}

#[test]
fn a_loop_has_no_spark_in_its_last_half_second() {
    let mut onsets = [0.0; 90];
    onsets[80] = 1.0;
    let looped = Motion { looped: true, ..LP };
    assert_eq!(moments(&hit(30, &onsets), &LP)[80].spark_age_secs, 0.0);
    assert_eq!(moments(&hit(30, &onsets), &looped)[80].spark_age_secs, 1000.0);
    onsets[70] = 1.0;
    assert_eq!(moments(&hit(30, &onsets), &looped)[70].spark_age_secs, 0.0);
}

#[test]
fn the_arm_is_up_at_both_ends_and_down_between() {
    let seen = moments(&hit(30, &[0.0; 300]), &LP);
    assert_eq!(seen[0].lift, 1.0);
    assert!((seen[9].lift - 0.5).abs() < 1e-5, "{}", seen[9].lift);
    assert!(seen[18..=282].iter().all(|moment| moment.lift < 1e-6));
    assert!((seen[291].lift - 0.5).abs() < 1e-5, "{}", seen[291].lift);
    assert!(seen[299].lift > 0.98);
    assert!(seen[..19].windows(2).all(|pair| pair[0].lift > pair[1].lift));
}

#[test]
fn the_light_of_a_beat_falls_until_the_next_and_is_faint_where_it_is_quiet() {
    let at = |beat_phase, loudness, tempo_bpm| {
        let frame = FrameFeatures {
            beat_phase,
            loudness,
            ..SILENCE
        };
        let mut heard = features(30, [frame]);
        heard.tempo_bpm = tempo_bpm;
        moments(&heard, &LP)[0].beat
    };
    assert_eq!(at(0.0, 1.0, Some(120.0)), 1.0);
    assert_eq!(at(0.5, 1.0, Some(120.0)), 0.25);
    assert_eq!(at(1.0, 1.0, Some(120.0)), 0.0);
    assert!((at(0.0, 0.375, Some(120.0)) - 0.5).abs() < 1e-5);
    assert_eq!(at(0.0, 0.1, Some(120.0)), 0.0);
    assert_eq!(at(0.0, 1.0, None), 0.0);
}
