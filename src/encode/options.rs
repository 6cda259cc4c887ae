//! What each encoder is told: one table of libavcodec options per encoder. Used to open it, and by a test that asks the
//! linked libavcodec whether every name exists and every value is legal, with or without the hardware.
//!
//! # Tuning libx264
//!
//! Measured on 2 shared cores (Xeon with AVX-512, FFmpeg 5.1, x264 164, `threads=1`; times vary by 7 % from run to run)
//! with 900 frames of a stand-in for a record: still grooves, a label of 40 % turning at 33 1/3 rpm, 128 bars at the rim.
//! Two settings of `crf` each, interpolated to 6.9 MB per 60 s, which is what 8,000,000 bytes leave for the picture.
//! Core-seconds are for 1800 frames and contain 0.5 s of feeding raw frames to the `ffmpeg` command. "busy" has a detailed
//! painting as the label, reduced without filtering; "soft" a cloudy one (`StandIn` of the tests).
//!
//! | settings (all: no B-frames, one reference, `aq-mode=3`, `weightp` off) | busy SSIM | busy s | soft SSIM | soft s |
//! |---|---|---|---|---|
//! | ultrafast                                                   | 0.924 | 2.4 |       |     |
//! | ultrafast + CABAC + deblocking + 8x8dct                     | 0.936 | 3.4 |       |     |
//! | the same + mbtree, lookahead 10                             | 0.940 | 3.2 |       |     |
//! | superfast + mbtree, lookahead 10                            | 0.948 | 4.0 | 0.973 | 4.3 |
//! | the same, lookahead 5                                       | 0.946 | 4.1 |       |     |
//! | the same, lookahead 20                                      | 0.949 | 4.4 |       |     |
//! | the same, 3 B-frames                                        | 0.949 | 4.8 |       |     |
//! | the same, trellis 1                                         | 0.950 | 5.5 |       |     |
//! | the same, aq-mode 0                                         | 0.943 | 4.1 | 0.968 | 4.3 |
//! | the same, aq-mode 1                                         | 0.948 | 4.2 | 0.973 | 4.3 |
//! | the same, psy off                                           | 0.948 | 3.8 | 0.973 | 4.3 |
//! | the same, partitions p8x8 i8x8                              | 0.953 | 4.4 | 0.977 | 4.7 |
//! | the same, partitions p8x8 i8x8 i4x4, subme 2                | 0.957 | 6.3 |       |     |
//! | the same, p8x8 i8x8, subme 0, psy off                       | 0.948 | 4.1 | 0.975 | 4.0 |
//! | the same, i8x8, subme 0, psy off                            | 0.942 | 3.6 | 0.971 | 3.5 |
//! | the same, p8x8, subme 0, psy off, aq 1.4, qcomp 0.5, chroma -3 | 0.951 | 4.4 | 0.978 | 4.0 |
//! | the same, lookahead 6                                       | 0.950 | 4.0 |       |     |
//!
//! Macroblock-tree counts most: what stands still is referred to for two seconds and earns its bits. Without it (`superfast`
//! as it comes, 3 B-frames) the busy label took 8.5 MB for the SSIM of 0.949.
//!
//! SSIM does not tell all: with `subme 0` blocks of the turning label move by whole pixels and its edges are torn. So the choice
//! was made once more on 900 real frames, the drop of the bundled song (`-maxrate 900k`, SSIM of all planes):
//!
//! | settings (`superfast`, p8x8, psy off, aq 1.4, qcomp 0.5, chroma -3) | bytes | core-s for 900 frames | SSIM |
//! |---|---|---|---|
//! | subme 0, lookahead 10, crf 27                    | 3,009,233 | 2.3 | 0.9699 |
//! | subme 2, lookahead 10, crf 27                    | 2,631,905 | 2.8 | 0.9688 |
//! | subme 2, i8x8, lookahead 20, crf 25              | 3,190,675 | 3.9 | 0.9782 |
//! | the same, hexagon search (used)                  | 3,153,745 | 3.8 | 0.9784 |
//! | subme 4, i8x8, lookahead 20, crf 25              | 3,180,613 | 5.0 | 0.9788 |
//! | subme 2, i8x8, lookahead 40, crf 25              | 3,256,906 | 4.1 | 0.9790 |
//! | subme 2, i8x8, lookahead 20, crf 25, 2 B-frames  | 3,107,718 | 4.3 | 0.9786 |
//! | subme 2, i8x8, lookahead 20, crf 25, trellis 1   | 3,208,239 | 4.3 | 0.9790 |

use super::backend::Encoder;
use super::budget::{BUCKET_START, Rate, gop_frames};
use super::ffi;
use crate::model::VideoFormat;

/// Name and value as libavcodec reads them.
pub type CodecOption = (&'static str, String);

/// Everything `encoder` is told for one lane.
pub fn table(encoder: Encoder, format: VideoFormat, rate: &Rate) -> Vec<CodecOption> {
    let mut options = shared(format, rate);
    let own: &[(&'static str, &str)] = match encoder {
        Encoder::X264 => &[
            ("preset", "superfast"),
            ("profile", "high"),
            ("level", "3.1"),
            // Bits for what is dark and smooth.
            ("aq-mode", "3"),
            ("aq-strength", "1.4"),
            ("psy", "0"),
            ("mbtree", "1"),
            ("qcomp", "0.5"),
            ("chromaoffset", "-3"),
            ("weightp", "none"),
            // The label turns: blocks must move by parts of a pixel, or every edge on it is torn.
            ("partitions", "p8x8,i8x8"),
            ("subq", "2"),
            ("motion-est", "hex"),
            // A key frame every GOP and nowhere else.
            ("sc_threshold", "0"),
            // The lanes are the threads, see `Encoder::lanes_on`.
            ("threads", "1"),
        ],
        Encoder::Nvenc => &[
            ("preset", "p4"),
            ("tune", "hq"),
            ("profile", "high"),
            ("level", "3.1"),
            // Quality up to `maxrate`: FFmpeg clears the average rate when `cq` is given.
            ("rc", "vbr"),
            ("spatial-aq", "1"),
            ("no-scenecut", "1"),
            ("forced-idr", "1"),
            ("strict_gop", "1"),
            // Each frame comes out before the next goes in: the brake in `video` sees what it cost.
            ("delay", "0"),
            ("zerolatency", "1"),
            ("rc-lookahead", "0"),
            ("coder", "cabac"),
        ],
        Encoder::Vaapi => &[
            ("profile", "high"),
            ("level", "3.1"),
            ("rc_mode", "VBR"),
            ("coder", "cabac"),
            ("idr_interval", "0"),
            // As with NVENC: no frames in flight.
            ("async_depth", "1"),
            // No identifier of the driver in the stream.
            ("sei", "0"),
        ],
    };
    match encoder {
        // Hard pictures are held by the bucket instead.
        Encoder::X264 => options.extend([
            ("crf", rate.quality.to_string()),
            ("rc-lookahead", rate.lookahead_frames.to_string()),
        ]),
        // NVENC's scale is close to x264's.
        Encoder::Nvenc => options.push(("cq", rate.quality.to_string())),
        // It has no quality target that every driver knows: it spends what it may, a little under the cap.
        Encoder::Vaapi => options.push(("b", (rate.bits_per_sec * 9 / 10).to_string())),
    }
    options.extend(own.iter().map(|&(name, value)| (name, value.to_owned())));
    options
}

fn shared(format: VideoFormat, rate: &Rate) -> Vec<CodecOption> {
    let gop = gop_frames(format).to_string();
    let start_bits = (rate.bucket_bits as f64 * BUCKET_START) as u64;
    let mut options = vec![
        ("maxrate", rate.bits_per_sec.to_string()),
        ("bufsize", rate.bucket_bits.to_string()),
        ("rc_init_occupancy", start_bits.to_string()),
        ("g", gop.clone()),
        ("keyint_min", gop),
        // Decoding order is showing order: lanes join without gaps, and the label turns too fast for B-frames to pay.
        ("bf", "0".to_owned()),
        // Parameter sets go into the file's header; groups of pictures refer to nothing outside.
        ("flags", "+global_header+cgop".to_owned()),
    ];
    // The shader writes BT.709 limited range and one chroma sample in the middle of four pixels; here it is only told.
    for (name, value) in [
        ("color_primaries", "bt709"),
        ("color_trc", "bt709"),
        ("colorspace", "bt709"),
        ("color_range", "tv"),
        ("chroma_sample_location", "center"),
    ] {
        options.push((name, value.to_owned()));
    }
    options
}

/// Why the linked libavcodec would not take this option, if so. Works without the hardware.
pub fn illegal_option(encoder: Encoder, (name, value): &CodecOption) -> Option<String> {
    ffi::keep_log_quiet();
    let Some(mut context) = ffi::context_for(encoder.codec_name()) else {
        return Some(format!("libavcodec has no {}", encoder.codec_name()));
    };
    ffi::set_option(&mut context, name, value).err()
}
