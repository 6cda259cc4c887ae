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

use crate::score::*;
use crate::synth::*;

/// The record stops turning here.
pub const STOP_SECS: f32 = 41.5 * BAR;

/// The desk: what is played apart and mixed together.
pub struct Desk {
    pub kick: Bus,
    pub drums: Bus,
    pub bass: Bus,
    /// Steps aside for the kick.
    pub music: Bus,
    pub lead: Bus,
    pub noise: Bus,
    pub to_hall: Bus,
    pub to_echo: Bus,
    pub kicks_secs: Vec<f32>,
    pub dice: Dice,
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
        for (bar, line) in TUNE.iter().enumerate().take(4) {
            let opening = bar as f32 / 4.0;
            self.pad(
                bar,
                0.20,
                sweep(260.0, 1500.0, opening),
                sweep(260.0, 1500.0, opening + 0.25),
            );
            for note in read(line, bar) {
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
            (0.02, 1.5),
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
}
