//! Raw AAC frames in, frames with an ADTS header out: the header tells a decoder what the container told us, so that it
//! needs nothing but the bytes of each packet. Pure; reads the AudioSpecificConfig of ISO 14496-3 (1.6.2.1).

/// Table 1.18 of ISO 14496-3: a rate is told by its place here.
const RATES_HZ: [u32; 13] = [
    96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350,
];
const HEADER_BYTES: usize = 7;
/// The length in a header has 13 bits.
const MAX_FRAME_BYTES: usize = (1 << 13) - 1;

/// What the headers of one stream say.
pub(super) struct Adts {
    /// Object type less one: 0 Main, 1 Low Complexity, 3 Long Term Prediction.
    profile: u8,
    rate_index: u8,
    /// Index of a standard layout; 0: a program config element tells.
    layout: u8,
    /// That element, in whole bytes, to be put in front of every frame; mostly empty.
    program: Vec<u8>,
    channels: usize,
}

impl Adts {
    /// From the container's AudioSpecificConfig. `None` for what an ADTS header cannot tell: low-delay and scalable kinds,
    /// frames of 960 samples, unusual rates.
    pub fn from_config(config: &[u8]) -> Option<Self> {
        let mut bits = Bits { bytes: config, at: 0 };
        let mut object = bits.take(5)?;
        let rate_index = rate_index(&mut bits)?;
        let layout = bits.take(4)? as u8;
        // Band replication, alone or with parametric stereo: the core's own kind follows. What extends the core is found
        // again by the decoder in the frames.
        if matches!(object, 5 | 29) {
            self::rate_index(&mut bits)?;
            object = bits.take(5)?;
        }
        let (short_frames, depends_on_core, _extended) = (bits.take(1)?, bits.take(1)?, bits.take(1)?);
        if !matches!(object, 1 | 2 | 4) || short_frames + depends_on_core > 0 || layout > 7 {
            return None;
        }
        let (program, channels) = match layout {
            0 => program_element(&mut bits)?,
            7 => (Vec::new(), 8),
            count => (Vec::new(), count.into()),
        };
        Some(Self {
            profile: object as u8 - 1,
            rate_index,
            layout,
            program,
            channels,
        })
    }

    /// For a stream that came with ADTS headers, of which only rate and count of channels were kept.
    pub fn from_facts(rate_hz: u32, channels: usize) -> Option<Self> {
        let layout = match channels {
            0..=6 => channels as u8,
            8 => 7,
            _ => return None,
        };
        Some(Self {
            profile: 1,
            rate_index: index_of(rate_hz)?,
            layout,
            program: Vec::new(),
            channels,
        })
    }

    /// The core's rate: band replication doubles it.
    pub fn rate_hz(&self) -> u32 {
        RATES_HZ[usize::from(self.rate_index)]
    }

    /// Of the core: parametric stereo makes two of one. 0 where only the frames tell.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Fills `framed` with header and frame. `false`: too long to be one.
    pub fn frame(&self, raw: &[u8], framed: &mut Vec<u8>) -> bool {
        let len = HEADER_BYTES + self.program.len() + raw.len();
        if len > MAX_FRAME_BYTES {
            return false;
        }
        framed.clear();
        framed.extend([
            0xff,
            0xf1, // MPEG-4, no checksum
            self.profile << 6 | self.rate_index << 2 | self.layout >> 2,
            (self.layout & 3) << 6 | (len >> 11) as u8,
            (len >> 3) as u8,
            ((len & 7) as u8) << 5 | 0x1f,
            0xfc, // buffer fullness: variable rate; one frame
        ]);
        framed.extend_from_slice(&self.program);
        framed.extend_from_slice(raw);
        true
    }
}

fn index_of(rate_hz: u32) -> Option<u8> {
    RATES_HZ.iter().position(|&known| known == rate_hz).map(|at| at as u8)
}

fn rate_index(bits: &mut Bits<'_>) -> Option<u8> {
    match bits.take(4)? {
        15 => index_of(bits.take(24)?),
        index if (index as usize) < RATES_HZ.len() => Some(index as u8),
        _ => None,
    }
}

/// Copies the program config element (ISO 14496-3, table 4.2) that lists the channels of an unusual layout, as an element of
/// a frame: with its mark in front, filled up to a whole byte, without its comment. Beside it, how many channels they are.
fn program_element(bits: &mut Bits<'_>) -> Option<(Vec<u8>, usize)> {
    const PROGRAM_CONFIG: u32 = 5;
    let mut out = BitsOut::default();
    out.put(PROGRAM_CONFIG, 3);
    // Tag, object type, rate.
    out.copy(bits, 10)?;
    let [front, side, back] = [out.copy(bits, 4)?, out.copy(bits, 4)?, out.copy(bits, 4)?];
    let (low, data, coupled) = (out.copy(bits, 2)?, out.copy(bits, 3)?, out.copy(bits, 4)?);
    // Notes on mixing down: to mono, to stereo, by a matrix.
    for note_bits in [4, 4, 3] {
        if out.copy(bits, 1)? == 1 {
            out.copy(bits, note_bits)?;
        }
    }
    let mut channels = low;
    for _ in 0..front + side + back {
        // A mark for a pair, then the element's number.
        channels += 1 + out.copy(bits, 1)?;
        out.copy(bits, 4)?;
    }
    for _ in 0..low + data {
        out.copy(bits, 4)?;
    }
    for _ in 0..coupled {
        out.copy(bits, 5)?;
    }
    let mut bytes = out.bytes;
    bytes.push(0);
    Some((bytes, channels as usize))
}

struct Bits<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl Bits<'_> {
    fn take(&mut self, count: usize) -> Option<u32> {
        let mut value = 0;
        for _ in 0..count {
            let byte = self.bytes.get(self.at / 8)?;
            value = value << 1 | u32::from(byte >> (7 - self.at % 8) & 1);
            self.at += 1;
        }
        Some(value)
    }
}

#[derive(Default)]
struct BitsOut {
    bytes: Vec<u8>,
    len: usize,
}

impl BitsOut {
    fn put(&mut self, value: u32, count: usize) {
        for bit in (0..count).rev() {
            if self.len.is_multiple_of(8) {
                self.bytes.push(0);
            }
            if let Some(last) = self.bytes.last_mut() {
                *last |= ((value >> bit & 1) as u8) << (7 - self.len % 8);
            }
            self.len += 1;
        }
    }

    fn copy(&mut self, from: &mut Bits<'_>, count: usize) -> Option<u32> {
        let value = from.take(count)?;
        self.put(value, count);
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Header fields by ISO 13818-7, 6.2: profile, rate index, layout, length.
    fn fields(header: &[u8]) -> [usize; 4] {
        let mut bits = Bits { bytes: header, at: 16 };
        let mut take = |count| bits.take(count).unwrap() as usize;
        let (profile, rate) = (take(2), take(4));
        take(1);
        let layout = take(3);
        take(4);
        [profile, rate, layout, take(13)]
    }

    fn framed(adts: &Adts, raw: &[u8]) -> Vec<u8> {
        let mut out = vec![1, 2, 3];
        assert!(adts.frame(raw, &mut out));
        out
    }

    #[test]
    fn a_header_tells_what_the_config_told() {
        // Low Complexity, 44.1 kHz, 5.1.
        let surround = Adts::from_config(&[0x12, 0x30]).unwrap();
        let bytes = framed(&surround, &[7; 300]);
        assert_eq!(bytes.len(), 307);
        assert_eq!((&bytes[..2], fields(&bytes)), (&[0xff, 0xf1][..], [1, 4, 6, 307]));
        // Band replication said outright: 22.05 kHz stereo that comes out at 44.1 kHz.
        let replicated = Adts::from_config(&[0x2b, 0x92, 0x08, 0x00]).unwrap();
        assert_eq!(fields(&framed(&replicated, &[])), [1, 7, 2, 7]);
        assert_eq!(replicated.rate_hz(), 22_050);
    }

    #[test]
    fn what_a_header_cannot_tell_is_refused() {
        // Enhanced low delay; 960 samples; cut off; a rate of 12,345 Hz.
        for config in [
            &[0xf8, 0xe8, 0x50, 0x00][..],
            &[0x12, 0x14],
            &[0x12],
            &[0x17, 0x80, 0x18, 0x1c, 0x90],
        ] {
            assert!(Adts::from_config(config).is_none(), "{config:x?}");
        }
        assert!(Adts::from_facts(44_100, 7).is_none() && Adts::from_facts(12_345, 2).is_none());
        let plain = Adts::from_facts(44_100, 2).unwrap();
        assert!(!plain.frame(&[0; MAX_FRAME_BYTES], &mut Vec::new()));
    }
}
