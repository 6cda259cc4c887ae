//! Composes the demo song and paints the covers, all from numbers: no samples, no pictures, the same bytes every time.
//!
//! `cargo run --release --example compose-demo -- FOLDER` writes `demo.wav`, `cover.jpg` and `default-cover.png` into
//! FOLDER; `make media` does that and encodes the song. The work is dedicated to the public domain (LICENSE beside this).

mod drums;
mod mix;
mod score;
mod sleeve;
mod song;
mod synth;
mod tones;
mod tricks;

use std::error::Error;
use std::fs;
use std::io::BufWriter;
use std::path::PathBuf;

use image::codecs::jpeg::JpegEncoder;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args_os().nth(1).ok_or("name the folder to write to")?);
    fs::create_dir_all(&folder)?;
    let cover = fs::File::create(folder.join("cover.jpg"))?;
    sleeve::first_pressing().write_with_encoder(JpegEncoder::new_with_quality(BufWriter::new(cover), 88))?;
    sleeve::built_in().save(folder.join("default-cover.png"))?;
    fs::write(folder.join("demo.wav"), wav(&song::play()))?;
    Ok(())
}

/// The song as a 16-bit stereo WAV file, dithered so that its end fades into hiss and not into steps.
fn wav(song: &synth::Bus) -> Vec<u8> {
    let rate = synth::RATE as u32;
    let data_bytes = song.0.len() as u32 * 4;
    let mut bytes = Vec::with_capacity(44 + data_bytes as usize);
    bytes.extend(b"RIFF");
    bytes.extend((36 + data_bytes).to_le_bytes());
    bytes.extend(b"WAVEfmt ");
    bytes.extend(16u32.to_le_bytes());
    // PCM, two channels.
    bytes.extend([1, 0, 2, 0]);
    bytes.extend(rate.to_le_bytes());
    bytes.extend((rate * 4).to_le_bytes());
    // Four bytes a frame, 16 bits a sample.
    bytes.extend([4, 0, 16, 0]);
    bytes.extend(b"data");
    bytes.extend(data_bytes.to_le_bytes());
    let mut dice = synth::Dice::new(16);
    for sample in song.0.iter().flatten() {
        let dither = (dice.roll() + dice.roll()) * 0.5;
        bytes.extend(((sample * 32_767.0 + dither).round() as i16).to_le_bytes());
    }
    bytes
}
