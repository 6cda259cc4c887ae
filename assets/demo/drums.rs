//! The drums, each from a sine or noise and an envelope. Lines of them are read from the score's signs.

use std::f32::consts::TAU;

use crate::score::*;
use crate::song::Desk;
use crate::synth::*;

impl Desk {
    pub fn kick(&mut self, at: f32) {
        self.kicks_secs.push(at);
        let mut phase = 0.0f32;
        let mut dice = self.dice.clone();
        self.kick.play(at, 0.42, |t| {
            let hz = 47.0 + 60.0 * (-t / 0.035).exp() + 260.0 * (-t / 0.006).exp();
            phase += hz / RATE;
            let body = (TAU * phase).sin() * pluck(t, 0.001, 0.16, 0.42);
            let click = dice.roll() * (-t / 0.0025).exp() * 0.25;
            [((body * 1.7).tanh() + click * 1.4) * 0.66; 2]
        });
    }

    pub fn kicks(&mut self, line: &str, bar: usize) {
        for (at, _) in strikes(line, bar) {
            self.kick(at);
        }
    }

    pub fn claps(&mut self, line: &str, bar: usize, gain: f32) {
        for (at, loud) in strikes(line, bar) {
            let gain = gain * loud;
            let mut dice = [Dice::new(at.to_bits()), Dice::new(at.to_bits() ^ 7)];
            let mut filters = [Filter::default(), Filter::default()];
            let mut body = Osc::at(0.0);
            let voice = |t: f32| {
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
            let heard = sound(0.4, voice);
            self.drums.lay(at, &heard, 1.0);
            self.to_hall.lay(at, &heard, 0.35);
        }
    }

    pub fn snare(&mut self, at: f32, gain: f32, pitch: f32) {
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

    pub fn hats(&mut self, line: &str, bar: usize, gain: f32) {
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

    pub fn open_hats(&mut self, line: &str, bar: usize) {
        for (at, loud) in strikes(line, bar) {
            let mut dice = [Dice::new(at.to_bits()), Dice::new(at.to_bits() + 1)];
            let mut filters = [Filter::default(), Filter::default()];
            self.drums.play(at, 0.24, |t| {
                let envelope = pluck(t, 0.001, 0.075, 0.24) * loud * 0.33;
                [0, 1].map(|side| filters[side].run(dice[side].roll(), 7200.0, 0.2).high * envelope)
            });
        }
    }

    pub fn crash(&mut self, bar: usize, gain: f32) {
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
}
