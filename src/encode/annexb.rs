//! H.264 as encoders write it (NAL units behind start codes) in, the same without notes to the reader out. Pure.

const SEI: u8 = 6;
const USER_DATA_UNREGISTERED: u8 = 5;

/// Takes out the note an encoder writes into its first packet (x264: its version and all settings, some 600 bytes): it is
/// of no use to a player, and the file should not depend on it. `None`: there is none, keep the packet as it is.
pub fn without_user_data(data: &[u8]) -> Option<Vec<u8>> {
    let is_note = |unit: &[u8]| unit.len() > 1 && unit[0] & 0x1f == SEI && unit[1] == USER_DATA_UNREGISTERED;
    let units = units_of(data);
    if !units.iter().any(|unit| is_note(unit)) {
        return None;
    }
    let mut kept = Vec::with_capacity(data.len());
    for unit in units.into_iter().filter(|unit| !is_note(unit)) {
        kept.extend_from_slice(&[0, 0, 0, 1]);
        kept.extend_from_slice(unit);
    }
    Some(kept)
}

/// The units without start codes and without the zeros before the next one.
fn units_of(data: &[u8]) -> Vec<&[u8]> {
    let mut starts = Vec::new();
    let mut at = 0;
    while at + 3 <= data.len() {
        if data[at..at + 3] == [0, 0, 1] {
            starts.push(at + 3);
            at += 3;
        } else {
            at += 1;
        }
    }
    let ends = starts.iter().skip(1).map(|start| start - 3).chain([data.len()]);
    let trimmed = |start: usize, end: usize| {
        let unit = &data[start..end];
        let zeros = unit.iter().rev().take_while(|&&byte| byte == 0).count();
        &unit[..unit.len() - zeros]
    };
    starts
        .iter()
        .zip(ends)
        .map(|(&start, end)| trimmed(start, end))
        .collect()
}
