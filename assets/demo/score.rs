//! The notes: chords, tune, answer, and how their lines are read. 120 beats a minute, bars of two seconds.

use crate::synth::hertz;

pub const BEAT: f32 = 0.5;
pub const BAR: f32 = 4.0 * BEAT;
pub const STEP: f32 = BEAT / 4.0;
pub const BARS: usize = 43;

/// One chord a bar, eight bars round: bass note, then the voices.
pub const CHORDS: [(&str, [&str; 4]); 8] = [
    ("F1", ["F3", "A3", "C4", "E4"]),
    ("G1", ["G3", "B3", "D4", "E4"]),
    ("A1", ["A3", "C4", "E4", "G4"]),
    ("E1", ["G3", "B3", "D4", "E4"]),
    ("F1", ["F3", "A3", "C4", "E4"]),
    ("G1", ["G3", "B3", "D4", "F4"]),
    ("A1", ["A3", "C4", "E4", "G4"]),
    ("C2", ["G3", "C4", "E4", "G4"]),
];

/// The tune: note and length in sixteenths (16 a bar), `-` rests. Its 3-3-2 is what one keeps humming.
pub const TUNE: [&str; 8] = [
    "E5:3 C5:3 D5:2 E5:4 G5:4",
    "D5:6 B4:2 D5:3 E5:5",
    "C5:3 A4:3 C5:2 D5:4 E5:4",
    "D5:4 B4:4 G4:6 -:2",
    "E5:3 C5:3 D5:2 E5:4 A5:4",
    "G5:6 D5:2 E5:3 D5:5",
    "C5:3 D5:3 E5:2 G5:4 E5:2 D5:2",
    "C5:8 -:2 B4:2 D5:4",
];

/// The answer, sung under the tune the second time round.
pub const ANSWER: [&str; 8] = [
    "A4:8 C5:8",
    "B4:8 G4:8",
    "E4:8 G4:8",
    "B4:6 D5:6 E5:4",
    "C5:8 E5:8",
    "D5:8 B4:8",
    "A4:8 C5:8",
    "E5:6 D5:6 G4:4",
];

pub struct Note {
    pub start_secs: f32,
    pub length_secs: f32,
    pub hz: f32,
}

/// The notes of one bar of a line.
pub fn read(line: &str, bar: usize) -> Vec<Note> {
    let mut at = bar as f32 * BAR;
    let mut notes = Vec::new();
    for word in line.split_whitespace() {
        let (name, steps) = word.split_once(':').expect("note:steps");
        let length_secs = steps.parse::<f32>().expect("a number of steps") * STEP;
        if name != "-" {
            notes.push(Note {
                start_secs: at,
                length_secs,
                hz: hertz(name),
            });
        }
        at += length_secs;
    }
    notes
}

/// Where a drum line strikes: one sign a sixteenth, `x` hard, `o` soft.
pub fn strikes(line: &str, bar: usize) -> Vec<(f32, f32)> {
    let loudness = |sign| match sign {
        'x' => Some(1.0),
        'o' => Some(0.55),
        _ => None,
    };
    let at = |step: usize| bar as f32 * BAR + step as f32 * STEP;
    line.chars()
        .enumerate()
        .filter_map(|(step, sign)| Some((at(step), loudness(sign)?)))
        .collect()
}

pub fn chord(bar: usize) -> (f32, [f32; 4]) {
    let (bass, voices) = CHORDS[bar % 8];
    (hertz(bass), voices.map(hertz))
}
