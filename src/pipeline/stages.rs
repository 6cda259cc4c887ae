//! The stages' times as they leave the program: the JSON of the command line, the answer of a worker.

use serde::{Deserialize, Serialize};

use super::Stages;

/// [`Stages`] in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StagesMs {
    pub decode: f64,
    pub analyse: f64,
    pub gpu_init: f64,
    pub render: f64,
    pub encode_video: f64,
    pub encode_audio: f64,
    pub mux: f64,
    pub total: f64,
}

impl From<Stages> for StagesMs {
    fn from(stages: Stages) -> Self {
        let ms = |time: std::time::Duration| (time.as_secs_f64() * 10_000.0).round() / 10.0;
        Self {
            decode: ms(stages.decode),
            analyse: ms(stages.analyse),
            gpu_init: ms(stages.gpu_init),
            render: ms(stages.render),
            encode_video: ms(stages.encode_video),
            encode_audio: ms(stages.encode_audio),
            mux: ms(stages.mux),
            total: ms(stages.total),
        }
    }
}
