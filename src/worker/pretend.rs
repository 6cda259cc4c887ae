//! The worker of the torture test: no song is heard, and a circle is made in no time, the same for the same request and
//! different for any other. In debug builds alone.

use std::path::Path;

use sha2::{Digest, Sha256};

use super::failure::Failure;
use super::protocol::{Answer, Rendered, Surveyed, Wanted};
use super::task::Ended;
use crate::deliver::file;

/// One second of black, 240 pixels wide.
const FILM: &[u8] = include_bytes!("../../tests/fixtures/one-second.mp4");

/// A song without a best part.
pub fn survey() -> Answer {
    Answer::Survey(Surveyed {
        length_ms: 0,
        tempo_bpm: None,
        integrated_lufs: None,
        highlights: vec![],
        waveform: vec![],
    })
}

pub fn render(wanted: &Wanted, output: &Path) -> Result<Answer, Ended> {
    let spec = serde_json::to_vec(&wanted.spec).map_err(|_| Failure::mistake())?;
    let key: String = Sha256::digest(&spec).iter().map(|byte| format!("{byte:02x}")).collect();
    // A box that players skip tells this file from any other.
    let length = (8 + key.len()) as u32;
    let film = [FILM, &length.to_be_bytes(), b"free", key.as_bytes()].concat();
    let bytes = file::write_whole(output, &film).map_err(|error| Failure::from(&error))?;
    Ok(Answer::Circle(Rendered {
        key,
        bytes,
        frames: 1,
        length_ms: wanted.spec.length_ms,
        adapter: "none".to_owned(),
        encoder: "none".to_owned(),
        stages: Default::default(),
    }))
}
