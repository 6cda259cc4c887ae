//! The instruments with a pitch: bass, chords, arpeggio, bell and lead.

use std::f32::consts::TAU;

use crate::score::*;
use crate::song::Desk;
use crate::synth::*;

impl Desk {
    pub fn sub(&mut self, at: f32, length: f32, hz: f32, gain: f32) {
        let mut osc = Osc::at(0.0);
        self.bass.play(at, length, |t| {
            [(osc.sine(hz) * 1.4).tanh() * held(t, 0.03, 0.15, length) * gain; 2]
        });
    }

    pub fn bass_line(&mut self, bar: usize, line: &str, gain: f32, brightness_hz: f32) {
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
    pub fn saws(
        &mut self,
        at: f32,
        length: f32,
        notes: &[f32],
        gain: f32,
        corner_hz: impl Fn(f32) -> f32,
        (attack, release): (f32, f32),
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
        let heard = sound(length, |t| {
            let mut sum = [0.0f32; 2];
            for (osc, hz, place) in &mut voices {
                let sample = osc.saw(*hz);
                sum[0] += sample * place[0];
                sum[1] += sample * place[1];
            }
            let (corner, envelope) = (corner_hz(t), held(t, attack, release, length) * level);
            [0, 1].map(|side| filters[side].run(sum[side], corner, 0.12).low * envelope)
        });
        self.music.lay(at, &heard, 1.0);
        self.to_hall.lay(at, &heard, 0.25);
    }

    pub fn pad(&mut self, bar: usize, gain: f32, from_hz: f32, to_hz: f32) {
        let (_, voices) = chord(bar);
        self.saws(
            bar as f32 * BAR,
            BAR + 0.25,
            &voices,
            gain,
            |t| sweep(from_hz, to_hz, t / BAR),
            (0.18, 0.3),
        );
    }

    /// The drop's wall of chords, an octave wide.
    pub fn wall(&mut self, bar: usize, part: f32, gain: f32, from_hz: f32, to_hz: f32) {
        let (root, [a, b, c, d]) = chord(bar);
        let notes = [root * 4.0, a, b, c, d, b * 2.0, c * 2.0];
        self.saws(
            bar as f32 * BAR,
            BAR * part,
            &notes,
            gain,
            |t| sweep(from_hz, to_hz, t / BAR),
            (0.006, 0.03),
        );
    }

    pub fn stabs(&mut self, bar: usize, line: &str, gain: f32, brightness_hz: f32) {
        let (_, voices) = chord(bar);
        for (at, _) in strikes(line, bar) {
            self.saws(
                at,
                0.26,
                &voices,
                gain,
                |t| 220.0 + brightness_hz * (-t / 0.10).exp(),
                (0.004, 0.14),
            );
        }
    }

    /// Sixteenths up and down the chord, from side to side.
    pub fn arpeggio(&mut self, bar: usize, part: f32, gain: f32, brightness_hz: f32) {
        const ORDER: [usize; 8] = [0, 1, 2, 3, 4, 3, 2, 1];
        let (_, [a, b, c, d]) = chord(bar);
        let notes = [a, b, c, d, a * 2.0].map(|hz| hz * 2.0);
        for step in 0..(16.0 * part) as usize {
            let at = bar as f32 * BAR + step as f32 * STEP;
            let hz = notes[ORDER[step % 8]];
            let (mut osc, mut filter) = (Osc::at(0.1), Filter::default());
            let side = if step % 2 == 0 { -0.6 } else { 0.6 };
            let voice = |t: f32| {
                pan(
                    filter
                        .run(osc.square(hz), 300.0 + brightness_hz * (-t / 0.07).exp(), 0.3)
                        .low
                        * pluck(t, 0.002, 0.09, 0.22)
                        * gain,
                    side,
                )
            };
            let heard = sound(0.22, voice);
            self.music.lay(at, &heard, 1.0);
            self.to_echo.lay(at, &heard, 0.35);
        }
    }

    /// An electric bell (two sines, one bending the other), with echoes.
    pub fn bell(&mut self, note: &Note, gain: f32) {
        let length = (note.length_secs + 0.9).min(2.0);
        let (mut carrier, mut bender) = (0.0f32, 0.0f32);
        let voice = |t: f32| {
            let hz = note.hz;
            bender += 2.0 * hz / RATE;
            carrier += hz / RATE;
            let bend = (TAU * bender).sin() * (1.6 * (-t / 0.12).exp() + 0.25);
            let body = (TAU * carrier + bend).sin();
            let tine = (TAU * carrier * 7.0).sin() * (-t / 0.03).exp() * 0.12;
            pan((body + tine) * pluck(t, 0.003, 0.38, length) * gain, 0.12)
        };
        let heard = sound(length, voice);
        self.lead.lay(note.start_secs, &heard, 1.0);
        self.to_echo.lay(note.start_secs, &heard, 0.55);
        self.to_hall.lay(note.start_secs, &heard, 0.40);
    }

    /// The lead: three saws and a square, a slow vibrato on long notes.
    pub fn sing(&mut self, note: &Note, gain: f32, side: f32) {
        let length = note.length_secs + 0.05;
        let mut oscs = [-0.006f32, 0.001, 0.007].map(|detune| (Osc::at(detune * 60.0 + 0.3), 1.0 + detune));
        let (mut square, mut filter) = (Osc::at(0.0), [Filter::default(), Filter::default()]);
        let voice = |t: f32| {
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
        let heard = sound(length, voice);
        self.lead.lay(note.start_secs, &heard, 1.0);
        self.to_echo.lay(note.start_secs, &heard, 0.32);
        self.to_hall.lay(note.start_secs, &heard, 0.30);
    }
}
