//! NV12 frames in, a `.y4m` stream out: the frames as they were rendered, for tests and for other encoders.
//!
//! `C420jpeg` says that chroma lies in the middle of four pixels; the range is limited all the same.

use std::io::{self, Write};

use crate::model::VideoFormat;

/// Writes the header when made, then one frame per call. The caller flushes or finishes `out`.
pub struct Y4mWriter<W: Write> {
    out: W,
    format: VideoFormat,
    /// One chroma plane after the other: y4m knows no interleaved chroma.
    planes: Vec<u8>,
}

impl<W: Write> Y4mWriter<W> {
    pub fn new(mut out: W, format: VideoFormat) -> io::Result<Self> {
        let (side_px, fps) = (format.size.px(), format.fps.get());
        writeln!(
            out,
            "YUV4MPEG2 W{side_px} H{side_px} F{fps}:1 Ip A1:1 C420jpeg XCOLORRANGE=LIMITED"
        )?;
        Ok(Self {
            out,
            format,
            planes: Vec::new(),
        })
    }

    /// `nv12` is one frame without padding; anything else is an error of kind `InvalidInput`.
    pub fn frame(&mut self, nv12: &[u8]) -> io::Result<()> {
        if nv12.len() != self.format.size.nv12_bytes() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not one NV12 frame"));
        }
        let (luma, chroma) = nv12.split_at(self.format.size.px().pow(2) as usize);
        self.planes.clear();
        self.planes.extend(chroma.iter().step_by(2));
        self.planes.extend(chroma.iter().skip(1).step_by(2));
        self.out.write_all(b"FRAME\n")?;
        self.out.write_all(luma)?;
        self.out.write_all(&self.planes)
    }

    pub fn into_inner(self) -> W {
        self.out
    }
}
