//! What is neither drum nor note: rising noise, the scratch, the boom under the drop, dust on the record.

use std::f32::consts::TAU;

use crate::score::*;
use crate::song::Desk;
use crate::synth::*;

impl Desk {
    pub fn riser(&mut self, at: f32, length: f32, gain: f32) {
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
    pub fn climb(&mut self, at: f32, length: f32) {
        let mut oscs = [-0.008f32, 0.0, 0.009].map(|detune| (Osc::at(detune * 40.0), 1.0 + detune));
        let mut filter = Filter::default();
        let mut shake = 0.0f32;
        self.music.play(at, length, |t| {
            let part = t / length;
            shake += sweep(4.0, 16.0, part) / RATE;
            let hz = sweep(220.0, 880.0, part * part);
            let sum: f32 = oscs.iter_mut().map(|(osc, ratio)| osc.saw(hz * *ratio)).sum();
            let open = 0.6 + 0.4 * (TAU * shake).cos();
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
    pub fn scratch(&mut self, at: f32) {
        let voices = CHORDS[2].1.map(hertz);
        let mut place = 0.0f32;
        let mut filter = Filter::default();
        let mut grain = Dice::new(5);
        self.drums.play(at, 0.46, |t| {
            // Back, forth, back: speed of the hand, in turns of the normal one.
            let speed = 2.6 * (TAU * t / 0.23).sin() * (1.0 - t);
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

    pub fn boom(&mut self, at: f32, gain: f32) {
        let mut phase = 0.0f32;
        self.bass.play(at, 2.2, |t| {
            phase += sweep(95.0, 30.0, t / 1.2) / RATE;
            [(TAU * phase).sin() * pluck(t, 0.005, 0.6, 2.2) * gain * 0.35; 2]
        });
    }

    /// Dust on the record: where little else plays.
    pub fn crackle(&mut self) {
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
}
