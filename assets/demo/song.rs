//! "First Pressing": the score, the band that plays it, and the mix. 120 beats a minute, 43 bars of two seconds.
//!
//! | bars | seconds | |
//! | --- | --- | --- |
//! | 0-3 | 0-8 | needle down: crackle, dim chords, the tune as if from next door |
//! | 4-11 | 8-24 | the beat: kick, bass, hats, then claps and the tune |
//! | 12-15 | 24-32 | quiet: the tune alone with its echoes |
//! | 16-19 | 32-40 | the build-up: snare roll, rising noise, opening filter, a scratch, a breath |
//! | 20-35 | 40-72 | the drop, twice round: everything |
//! | 36-42 | 72-86 | the way home: beat, last chord, the record stops |

use crate::synth::*;

const BEAT: f32 = 0.5;
const BAR: f32 = 4.0 * BEAT;
const STEP: f32 = BEAT / 4.0;
pub const BARS: usize = 43;
/// The record stops turning here.
const STOP_SECS: f32 = 41.5 * BAR;

/// One chord a bar, eight bars round: bass note, then the voices.
const CHORDS: [(&str, [&str; 4]); 8] = [
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
const TUNE: [&str; 8] = [
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
const ANSWER: [&str; 8] = [
    "A4:8 C5:8",
    "B4:8 G4:8",
    "E4:8 G4:8",
    "B4:6 D5:6 E5:4",
    "C5:8 E5:8",
    "D5:8 B4:8",
    "A4:8 C5:8",
    "E5:6 D5:6 G4:4",
];

struct Note {
    start_secs: f32,
    length_secs: f32,
    hz: f32,
}

/// The notes of one bar of a line.
fn read(line: &str, bar: usize) -> Vec<Note> {
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
fn strikes(line: &str, bar: usize) -> Vec<(f32, f32)> {
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

fn chord(bar: usize) -> (f32, [f32; 4]) {
    let (bass, voices) = CHORDS[bar % 8];
    (hertz(bass), voices.map(hertz))
}

/// The desk: what is played apart and mixed together.
struct Desk {
    kick: Bus,
    drums: Bus,
    bass: Bus,
    /// Steps aside for the kick.
    music: Bus,
    lead: Bus,
    noise: Bus,
    to_hall: Bus,
    to_echo: Bus,
    kicks_secs: Vec<f32>,
    dice: Dice,
}

/// The whole song, mixed, its peaks at -2 dB.
pub fn play() -> Bus {
    let samples = (BARS as f32 * BAR * RATE) as usize;
    let silent = || Bus::silent(samples);
    let mut desk = Desk {
        kick: silent(),
        drums: silent(),
        bass: silent(),
        music: silent(),
        lead: silent(),
        noise: silent(),
        to_hall: silent(),
        to_echo: silent(),
        kicks_secs: Vec::new(),
        dice: Dice::new(33),
    };
    desk.intro();
    desk.groove();
    desk.quiet();
    desk.build_up();
    desk.drop();
    desk.outro();
    desk.crackle();
    desk.mix()
}

impl Desk {
    fn intro(&mut self) {
        for bar in 0..4 {
            let opening = bar as f32 / 4.0;
            self.pad(
                bar,
                0.20,
                sweep(260.0, 1500.0, opening),
                sweep(260.0, 1500.0, opening + 0.25),
            );
            for note in read(TUNE[bar], bar) {
                self.bell(&note, 0.16 + 0.05 * bar as f32);
            }
        }
        self.riser(3.0 * BAR, BAR, 0.10);
        self.hats("............o.o.", 3, 0.5);
    }

    fn groove(&mut self) {
        self.crash(4, 0.5);
        for bar in 4..12 {
            let last = bar == 11;
            self.kicks(if last { "x...x...x......." } else { "x...x...x...x..." }, bar);
            self.hats(
                if bar < 6 {
                    "..x...x...x...x."
                } else {
                    "o.xoo.xoo.xoo.xo"
                },
                bar,
                1.0,
            );
            if bar >= 6 {
                self.claps(if last { "....x.......xoxx" } else { "....x.......x..." }, bar, 0.8);
            }
            self.bass_line(bar, "x..o..x.o..x..o.", 0.85, 1100.0);
            self.stabs(
                bar,
                "..x..x....x..x..",
                0.26,
                sweep(1200.0, 4200.0, (bar - 4) as f32 / 8.0),
            );
            if bar >= 8 {
                for note in read(TUNE[bar - 8], bar) {
                    self.bell(&note, 0.30);
                }
            }
        }
        self.riser(11.0 * BAR, BAR, 0.08);
    }

    fn quiet(&mut self) {
        self.crash(12, 0.35);
        for bar in 12..16 {
            self.pad(bar, 0.20, 900.0, 700.0);
            let (root, _) = chord(bar);
            self.sub(bar as f32 * BAR, BAR, root, 0.10);
            for note in read(TUNE[bar - 8], bar) {
                self.bell(&note, 0.30);
            }
        }
    }

    fn build_up(&mut self) {
        const ROLL: [&str; 4] = [
            "x...x...x...x...",
            "x...x...x.x.x.x.",
            "x.x.x.x.x.x.x.x.",
            "xxxxxxxxxxxx....",
        ];
        for (i, roll) in ROLL.iter().enumerate() {
            let bar = 16 + i;
            let part = i as f32 / 4.0;
            for (at, _) in strikes(roll, bar) {
                let grown = (at - 32.0) / 8.0;
                self.snare(at, 0.22 + 0.45 * grown * grown, 1.0 + 0.5 * grown);
            }
            self.kicks(if i == 3 { "x.x.x.x.x.x....." } else { "x...x...x...x..." }, bar);
            let end = if i == 3 { 0.75 } else { 1.0 };
            self.wall(
                bar,
                end,
                0.15 + 0.14 * part,
                sweep(350.0, 6000.0, part),
                sweep(350.0, 6000.0, part + 0.25),
            );
            self.arpeggio(bar, end, 0.08 + 0.10 * part, sweep(700.0, 7000.0, part));
        }
        self.riser(32.0, 7.5, 0.26);
        self.climb(36.0, 3.5);
        self.scratch(39.5);
    }

    fn drop(&mut self) {
        for bar in 20..36 {
            let (round, turn) = ((bar - 20) / 8, (bar - 20) % 8);
            if turn % 4 == 0 {
                self.crash(bar, if turn == 0 { 1.0 } else { 0.5 });
            }
            let fill = turn == 7;
            self.kicks(if fill { "x...x...x...x.x." } else { "x...x...x...x..." }, bar);
            self.claps(if fill { "....x.......xoxx" } else { "....x.......x..." }, bar, 1.0);
            self.hats("o.XoooXoooXoooXo", bar, 1.0);
            self.open_hats("..x...x...x...x.", bar);
            self.bass_line(bar, "x.xx.xx.xx.xx.xx", 1.0, 2200.0);
            self.wall(bar, 1.0, 0.34, 6500.0, 8500.0);
            for note in read(TUNE[turn], bar) {
                self.sing(&note, 0.42, 0.0);
                if round == 1 {
                    self.bell(
                        &Note {
                            hz: note.hz * 2.0,
                            ..note
                        },
                        0.15,
                    );
                }
            }
            if round == 1 {
                for note in read(ANSWER[turn], bar) {
                    self.sing(&note, 0.20, 0.5);
                }
                self.arpeggio(bar, 1.0, 0.15, 6200.0);
            }
        }
        self.boom(40.0, 0.8);
        self.boom(56.0, 0.5);
    }

    fn outro(&mut self) {
        self.crash(36, 0.7);
        for bar in 36..40 {
            let part = (bar - 36) as f32 / 4.0;
            self.kicks("x...x...x...x...", bar);
            self.hats("..x...x...x...x.", bar, 0.8 * (1.0 - 0.5 * part));
            if bar < 38 {
                self.claps("....x.......x...", bar, 0.7);
            }
            self.bass_line(bar, "x..o..x.o..x..o.", 0.8, sweep(900.0, 250.0, part));
            self.stabs(bar, "..x..x....x..x..", 0.24, sweep(2400.0, 700.0, part));
            for note in read(TUNE[bar - 36], bar) {
                self.bell(&note, 0.28);
            }
        }
        // Home: C with its ninth, held until the record stops.
        let home = ["C3", "G3", "D4", "E4", "G4"].map(hertz);
        self.saws(
            40.0 * BAR,
            2.9 * BAR,
            &home,
            0.17,
            |t| sweep(2200.0, 300.0, t / 5.0),
            0.02,
            1.5,
        );
        self.sub(40.0 * BAR, 2.0 * BAR, hertz("C2"), 0.14);
        for (i, name) in ["E5", "G5", "D6", "C6"].into_iter().enumerate() {
            let start_secs = 40.0 * BAR + i as f32 * 3.0 * STEP;
            self.bell(
                &Note {
                    start_secs,
                    length_secs: BAR,
                    hz: hertz(name),
                },
                0.24,
            );
        }
        self.kick(40.0 * BAR);
    }

    // Drums.

    fn kick(&mut self, at: f32) {
        self.kicks_secs.push(at);
        let mut phase = 0.0f32;
        let mut dice = self.dice.clone();
        self.kick.play(at, 0.42, |t| {
            let hz = 47.0 + 60.0 * (-t / 0.035).exp() + 260.0 * (-t / 0.006).exp();
            phase += hz / RATE;
            let body = (std::f32::consts::TAU * phase).sin() * pluck(t, 0.001, 0.16, 0.42);
            let click = dice.roll() * (-t / 0.0025).exp() * 0.25;
            [((body * 1.7).tanh() + click * 1.4) * 0.66; 2]
        });
    }

    fn kicks(&mut self, line: &str, bar: usize) {
        for (at, _) in strikes(line, bar) {
            self.kick(at);
        }
    }

    fn claps(&mut self, line: &str, bar: usize, gain: f32) {
        for (at, loud) in strikes(line, bar) {
            let gain = gain * loud;
            let mut dice = [Dice::new(at.to_bits()), Dice::new(at.to_bits() ^ 7)];
            let mut filters = [Filter::default(), Filter::default()];
            let mut body = Osc::at(0.0);
            let mut voice = |t: f32| {
                // Three hands, then the room.
                let hands: f32 = [0.0, 0.011, 0.023]
                    .iter()
                    .map(|&d| if t >= d { (-(t - d) / 0.006).exp() } else { 0.0 })
                    .sum();
                let envelope = hands * 0.5
                    + if t > 0.023 {
                        (-(t - 0.023) / 0.085).exp() * 0.7
                    } else {
                        0.0
                    };
                let thump = body.sine(185.0) * (-t / 0.05).exp() * 0.35;
                [0, 1].map(|side| {
                    (filters[side].run(dice[side].roll(), 1750.0, 0.35).band * envelope * 1.5 + thump) * gain * 0.55
                })
            };
            let mut heard = Vec::new();
            self.drums.play(at, 0.4, |t| {
                heard.push(voice(t));
                heard[heard.len() - 1]
            });
            let mut again = heard.into_iter();
            self.to_hall.play(at, 0.4, |_| {
                again.next().unwrap_or_default().map(|sample| sample * 0.35)
            });
        }
    }

    fn snare(&mut self, at: f32, gain: f32, pitch: f32) {
        let mut dice = Dice::new(at.to_bits());
        let (mut filter, mut body) = (Filter::default(), Osc::at(0.0));
        self.drums.play(at, 0.2, |t| {
            let noise = filter.run(dice.roll(), 2400.0 * pitch, 0.2).high * (-t / 0.05).exp();
            let tone = body.sine(190.0 * pitch * (1.0 + 0.6 * (-t / 0.01).exp())) * (-t / 0.045).exp();
            pan((noise * 0.55 + tone * 0.7) * gain, 0.0)
        });
        let mut dice = Dice::new(at.to_bits());
        self.to_hall
            .play(at, 0.1, |t| [dice.roll() * (-t / 0.03).exp() * gain * 0.12; 2]);
    }

    fn hats(&mut self, line: &str, bar: usize, gain: f32) {
        for (at, loud) in strikes(&line.replace('X', "o"), bar) {
            let mut dice = Dice::new(at.to_bits());
            let mut filter = Filter::default();
            let side = 0.25 * (at * 7.3).sin();
            self.drums.play(at, 0.09, |t| {
                pan(
                    filter.run(dice.roll(), 8200.0, 0.1).high * pluck(t, 0.0005, 0.016, 0.09) * gain * loud * 0.46,
                    side,
                )
            });
        }
    }

    fn open_hats(&mut self, line: &str, bar: usize) {
        for (at, loud) in strikes(line, bar) {
            let mut dice = [Dice::new(at.to_bits()), Dice::new(at.to_bits() + 1)];
            let mut filters = [Filter::default(), Filter::default()];
            self.drums.play(at, 0.24, |t| {
                let envelope = pluck(t, 0.001, 0.075, 0.24) * loud * 0.33;
                [0, 1].map(|side| filters[side].run(dice[side].roll(), 7200.0, 0.2).high * envelope)
            });
        }
    }

    fn crash(&mut self, bar: usize, gain: f32) {
        let at = bar as f32 * BAR;
        let mut dice = [Dice::new(bar as u32 * 2 + 9), Dice::new(bar as u32 * 2 + 10)];
        let mut filters = [Filter::default(), Filter::default()];
        self.noise.play(at, 2.6, |t| {
            let envelope = pluck(t, 0.002, 0.55, 2.6) * gain * 0.22;
            [0, 1].map(|side| {
                filters[side]
                    .run(dice[side].roll(), sweep(6500.0, 3800.0, t / 2.0), 0.1)
                    .high
                    * envelope
            })
        });
    }

    // Sweeps and tricks.

    fn riser(&mut self, at: f32, length: f32, gain: f32) {
        let mut dice = [Dice::new(91), Dice::new(92)];
        let mut filters = [Filter::default(), Filter::default()];
        self.noise.play(at, length, |t| {
            let part = t / length;
            let corner = sweep(400.0, 9000.0, part);
            let envelope = part * part * gain * ((length - t) / 0.02).min(1.0);
            [0, 1].map(|side| filters[side].run(dice[side].roll(), corner, 0.55).band * envelope)
        });
    }

    /// A voice that climbs two octaves, shaking faster and faster.
    fn climb(&mut self, at: f32, length: f32) {
        let mut oscs = [-0.008f32, 0.0, 0.009].map(|detune| (Osc::at(detune * 40.0), 1.0 + detune));
        let mut filter = Filter::default();
        let mut shake = 0.0f32;
        self.music.play(at, length, |t| {
            let part = t / length;
            shake += sweep(4.0, 16.0, part) / RATE;
            let hz = sweep(220.0, 880.0, part * part);
            let sum: f32 = oscs.iter_mut().map(|(osc, ratio)| osc.saw(hz * *ratio)).sum();
            let open = 0.6 + 0.4 * (std::f32::consts::TAU * shake).cos();
            pan(
                filter.run(sum, sweep(600.0, 7000.0, part), 0.3).low
                    * open
                    * part
                    * 0.20
                    * ((length - t) / 0.01).min(1.0),
                0.0,
            )
        });
    }

    /// A hand on the record: a chord pulled back and forth in the last beat before the drop.
    fn scratch(&mut self, at: f32) {
        let voices = CHORDS[2].1.map(hertz);
        let mut place = 0.0f32;
        let mut filter = Filter::default();
        let mut grain = Dice::new(5);
        self.drums.play(at, 0.46, |t| {
            // Back, forth, back: speed of the hand, in turns of the normal one.
            let speed = 2.6 * (std::f32::consts::TAU * t / 0.23).sin() * (1.0 - t);
            place += speed / RATE;
            let tone: f32 = voices
                .iter()
                .map(|hz| ((place * hz * 2.0).rem_euclid(1.0) - 0.5) * 0.5)
                .sum();
            let dust = grain.roll() * 0.5;
            let heard = filter.run(
                (tone + dust) * speed.abs().min(1.4),
                sweep(500.0, 3600.0, speed.abs() / 2.6),
                0.45,
            );
            pan(heard.band * 0.9 * held(t, 0.004, 0.05, 0.46), (t * 9.0).sin() * 0.3)
        });
    }

    fn boom(&mut self, at: f32, gain: f32) {
        let mut phase = 0.0f32;
        self.bass.play(at, 2.2, |t| {
            phase += sweep(95.0, 30.0, t / 1.2) / RATE;
            [(std::f32::consts::TAU * phase).sin() * pluck(t, 0.005, 0.6, 2.2) * gain * 0.35; 2]
        });
    }

    /// Dust on the record: where little else plays.
    fn crackle(&mut self) {
        let mut dice = Dice::new(78);
        let mut filters = [Filter::default(), Filter::default()];
        let mut hiss = [Filter::default(), Filter::default()];
        let mut spark = [0.0f32; 2];
        self.noise.play(0.0, BARS as f32 * BAR, |t| {
            let bare = t < 8.0 || (24.0..33.0).contains(&t) || t > 80.0;
            let level = if bare { 1.0 } else { 0.15 } * ((BARS as f32 * BAR - t) / 0.6).min(1.0);
            [0, 1].map(|side| {
                spark[side] *= 0.80;
                if dice.roll() > 0.99985 {
                    spark[side] = 0.5 * dice.roll();
                }
                let pop = filters[side].run(spark[side], 2600.0, 0.3).band;
                let air = hiss[side].run(dice.roll(), 5000.0, 0.0).band;
                (pop * 0.30 + air * 0.0035) * level
            })
        });
    }

    // Tones.

    fn sub(&mut self, at: f32, length: f32, hz: f32, gain: f32) {
        let mut osc = Osc::at(0.0);
        self.bass.play(at, length, |t| {
            [(osc.sine(hz) * 1.4).tanh() * held(t, 0.03, 0.15, length) * gain; 2]
        });
    }

    fn bass_line(&mut self, bar: usize, line: &str, gain: f32, brightness_hz: f32) {
        let (root, _) = chord(bar);
        for (i, (at, loud)) in strikes(line, bar).into_iter().enumerate() {
            // Soft strikes jump an octave; in the drop every third one does.
            let up = loud < 1.0 || (line.starts_with("x.x") && i % 3 == 2);
            let hz = if up { root * 2.0 } else { root };
            let (mut saw, mut square, mut sine) = (Osc::at(0.0), Osc::at(0.25), Osc::at(0.0));
            let mut filter = Filter::default();
            let length = STEP * 1.7;
            self.bass.play(at, length, |t| {
                let corner = 110.0 + brightness_hz * (-t / 0.09).exp();
                let edge = filter
                    .run(saw.saw(hz) * 0.6 + square.square(hz * 2.003) * 0.22, corner, 0.35)
                    .low;
                [((edge * 1.15 + sine.sine(hz) * 0.65) * 1.3).tanh()
                    * held(t, 0.004, 0.05, length)
                    * gain
                    * loud.sqrt()
                    * 0.27; 2]
            });
        }
    }

    /// Detuned saws spread over the stereo field, through one low-pass: chords from pad to wall.
    fn saws(
        &mut self,
        at: f32,
        length: f32,
        notes: &[f32],
        gain: f32,
        corner_hz: impl Fn(f32) -> f32,
        attack: f32,
        release: f32,
    ) {
        const SPREAD: [f32; 7] = [-0.0105, -0.0063, -0.0022, 0.0, 0.0024, 0.0061, 0.0108];
        let mut voices: Vec<(Osc, f32, [f32; 2])> = Vec::new();
        for (n, &hz) in notes.iter().enumerate() {
            for (v, detune) in SPREAD.iter().enumerate() {
                let place = [-0.9, 0.7, -0.35, 0.0, 0.35, -0.7, 0.9][v];
                voices.push((
                    Osc::at(0.37 * (n * 7 + v) as f32 + 0.11),
                    hz * (1.0 + detune),
                    pan(1.0, place),
                ));
            }
        }
        let mut filters = [Filter::default(), Filter::default()];
        let level = gain / (notes.len() as f32).sqrt() * 0.45;
        let mut heard = Vec::new();
        self.music.play(at, length, |t| {
            let mut sum = [0.0f32; 2];
            for (osc, hz, place) in &mut voices {
                let sample = osc.saw(*hz);
                sum[0] += sample * place[0];
                sum[1] += sample * place[1];
            }
            let (corner, envelope) = (corner_hz(t), held(t, attack, release, length) * level);
            let out = [0, 1].map(|side| filters[side].run(sum[side], corner, 0.12).low * envelope);
            heard.push(out);
            out
        });
        let mut again = heard.into_iter();
        self.to_hall.play(at, length, |_| {
            again.next().unwrap_or_default().map(|sample| sample * 0.25)
        });
    }

    fn pad(&mut self, bar: usize, gain: f32, from_hz: f32, to_hz: f32) {
        let (_, voices) = chord(bar);
        self.saws(
            bar as f32 * BAR,
            BAR + 0.25,
            &voices,
            gain,
            |t| sweep(from_hz, to_hz, t / BAR),
            0.18,
            0.3,
        );
    }

    /// The drop's wall of chords, an octave wide.
    fn wall(&mut self, bar: usize, part: f32, gain: f32, from_hz: f32, to_hz: f32) {
        let (root, [a, b, c, d]) = chord(bar);
        let notes = [root * 4.0, a, b, c, d, b * 2.0, c * 2.0];
        self.saws(
            bar as f32 * BAR,
            BAR * part,
            &notes,
            gain,
            |t| sweep(from_hz, to_hz, t / BAR),
            0.006,
            0.03,
        );
    }

    fn stabs(&mut self, bar: usize, line: &str, gain: f32, brightness_hz: f32) {
        let (_, voices) = chord(bar);
        for (at, _) in strikes(line, bar) {
            self.saws(
                at,
                0.26,
                &voices,
                gain,
                |t| 220.0 + brightness_hz * (-t / 0.10).exp(),
                0.004,
                0.14,
            );
        }
    }

    /// Sixteenths up and down the chord, from side to side.
    fn arpeggio(&mut self, bar: usize, part: f32, gain: f32, brightness_hz: f32) {
        const ORDER: [usize; 8] = [0, 1, 2, 3, 4, 3, 2, 1];
        let (_, [a, b, c, d]) = chord(bar);
        let notes = [a, b, c, d, a * 2.0].map(|hz| hz * 2.0);
        for step in 0..(16.0 * part) as usize {
            let at = bar as f32 * BAR + step as f32 * STEP;
            let hz = notes[ORDER[step % 8]];
            let (mut osc, mut filter) = (Osc::at(0.1), Filter::default());
            let side = if step % 2 == 0 { -0.6 } else { 0.6 };
            let mut voice = |t: f32| {
                pan(
                    filter
                        .run(osc.square(hz), 300.0 + brightness_hz * (-t / 0.07).exp(), 0.3)
                        .low
                        * pluck(t, 0.002, 0.09, 0.22)
                        * gain,
                    side,
                )
            };
            let mut heard = Vec::new();
            self.music.play(at, 0.22, |t| {
                heard.push(voice(t));
                heard[heard.len() - 1]
            });
            let mut again = heard.into_iter();
            self.to_echo.play(at, 0.22, |_| {
                again.next().unwrap_or_default().map(|sample| sample * 0.35)
            });
        }
    }

    /// An electric bell (two sines, one bending the other), with echoes.
    fn bell(&mut self, note: &Note, gain: f32) {
        let length = (note.length_secs + 0.9).min(2.0);
        let (mut carrier, mut bender) = (0.0f32, 0.0f32);
        let mut voice = |t: f32| {
            let hz = note.hz;
            bender += 2.0 * hz / RATE;
            carrier += hz / RATE;
            let bend = (std::f32::consts::TAU * bender).sin() * (1.6 * (-t / 0.12).exp() + 0.25);
            let body = (std::f32::consts::TAU * carrier + bend).sin();
            let tine = (std::f32::consts::TAU * carrier * 7.0).sin() * (-t / 0.03).exp() * 0.12;
            pan((body + tine) * pluck(t, 0.003, 0.38, length) * gain, 0.12)
        };
        let mut heard = Vec::new();
        self.lead.play(note.start_secs, length, |t| {
            heard.push(voice(t));
            heard[heard.len() - 1]
        });
        let (mut echo, mut hall) = (heard.clone().into_iter(), heard.into_iter());
        self.to_echo.play(note.start_secs, length, |_| {
            echo.next().unwrap_or_default().map(|sample| sample * 0.55)
        });
        self.to_hall.play(note.start_secs, length, |_| {
            hall.next().unwrap_or_default().map(|sample| sample * 0.40)
        });
    }

    /// The lead: three saws and a square, a slow vibrato on long notes.
    fn sing(&mut self, note: &Note, gain: f32, side: f32) {
        let length = note.length_secs + 0.05;
        let mut oscs = [-0.006f32, 0.001, 0.007].map(|detune| (Osc::at(detune * 60.0 + 0.3), 1.0 + detune));
        let (mut square, mut filter) = (Osc::at(0.0), [Filter::default(), Filter::default()]);
        let mut voice = |t: f32| {
            let vibrato = 1.0 + 0.005 * (t * 36.0).sin() * ((t - 0.18) / 0.2).clamp(0.0, 1.0);
            let hz = note.hz * vibrato * (1.0 - 0.03 * (-t / 0.012).exp());
            let [low, middle, high] = oscs.each_mut().map(|(osc, ratio)| osc.saw(hz * *ratio));
            let hollow = square.square(hz * 0.5) * 0.5;
            let corner = 1500.0 + 4200.0 * (-t / 0.25).exp();
            let envelope = held(t, 0.006, 0.06, length) * (0.75 + 0.25 * (-t / 0.2).exp()) * gain * 0.42;
            let sides = [low * 1.2 + middle + hollow, high * 1.2 + middle + hollow];
            let [left, right] = [0, 1].map(|i| filter[i].run(sides[i], corner, 0.25).low * envelope);
            [left * (1.0 - side.max(0.0)), right * (1.0 + side.min(0.0))]
        };
        let mut heard = Vec::new();
        self.lead.play(note.start_secs, length, |t| {
            heard.push(voice(t));
            heard[heard.len() - 1]
        });
        let (mut echo, mut hall) = (heard.clone().into_iter(), heard.into_iter());
        self.to_echo.play(note.start_secs, length, |_| {
            echo.next().unwrap_or_default().map(|sample| sample * 0.32)
        });
        self.to_hall.play(note.start_secs, length, |_| {
            hall.next().unwrap_or_default().map(|sample| sample * 0.30)
        });
    }

    // The mix.

    fn mix(mut self) -> Bus {
        let duck = duck(&self.kicks_secs, self.kick.0.len());
        self.music.shape(|i| duck[i]);
        self.bass.shape(|i| duck[i] * 0.85 + 0.15 * duck[i] * duck[i]);
        let echo = ping_pong(&self.to_echo, 3.0 * STEP, 0.42);
        self.to_hall.add(&echo, 0.25);
        let mut hall = hall(&self.to_hall, 2.1);
        hall.shape(|i| 0.35 + 0.65 * duck[i]);

        let mut out = self.kick;
        out.add(&self.drums, 0.95);
        out.add(&self.bass, 1.0);
        out.add(&self.music, 1.0);
        out.add(&self.lead, 0.85);
        out.add(&self.noise, 1.0);
        out.add(&echo, 0.75);
        out.add(&hall, 1.1);
        stop_record(&mut out);
        master(&mut out);
        out
    }
}

/// How far the rest steps back when the kick strikes: the pump of this kind of music.
fn duck(kicks_secs: &[f32], samples: usize) -> Vec<f32> {
    let mut gains = vec![1.0f32; samples];
    for &at in kicks_secs {
        let first = (at * RATE) as usize;
        for (i, gain) in gains.iter_mut().skip(first).take((0.3 * RATE) as usize).enumerate() {
            let t = i as f32 / RATE;
            *gain = gain.min((0.22 + 0.78 * (t / 0.26).powf(1.4)).min(1.0));
        }
    }
    gains
}

/// From [`STOP_SECS`] on the record slows down to rest, and the pitch with it.
fn stop_record(bus: &mut Bus) {
    let first = (STOP_SECS * RATE) as usize;
    let rest: Vec<[f32; 2]> = bus.0[first..].to_vec();
    let braking = 2.0f32;
    for (i, out) in bus.0[first..].iter_mut().enumerate() {
        let t = (i as f32 / RATE).min(braking);
        // Speed 1 falling evenly to 0: the place is its integral.
        let place = (t - t * t / (2.0 * braking)) * RATE;
        let (whole, part) = (place as usize, place.fract());
        let (a, b) = (rest[whole.min(rest.len() - 1)], rest[(whole + 1).min(rest.len() - 1)]);
        let fade = ((1.0 - t / braking) * 3.0).min(1.0);
        *out = [0, 1].map(|side| (a[side] + (b[side] - a[side]) * part) * fade);
    }
}

/// Rumble out, a little warmth, the peaks under -2 dB: an encoder adds a little.
fn master(bus: &mut Bus) {
    let mut filters = [Filter::default(), Filter::default()];
    for out in &mut bus.0 {
        for (side, sample) in out.iter_mut().enumerate() {
            let clean = filters[side].run(*sample, 26.0, 0.3).high;
            *sample = (clean * 0.72).tanh();
        }
    }
    limit(bus, 0.80);
}
