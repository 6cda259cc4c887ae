//! x
use crate::flow::Pcm;
/// x
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mastering {
    pub input_lufs: Option<f64>,
    pub gain_db: f64,
    pub true_peak_dbtp: f64,
}
pub fn master(_pcm: &mut Pcm, _fade_in: bool, _fade_out: bool) -> Mastering {
    Mastering {
        input_lufs: None,
        gain_db: 0.0,
        true_peak_dbtp: 0.0,
    }
}
