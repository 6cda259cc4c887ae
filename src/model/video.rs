//! The shape of a circle's picture: side, frame rate, frame numbers.

use std::time::Duration;

/// Side of the square picture in pixels: even, 240 to 640.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Size(u32);

impl Size {
    pub const MIN: u32 = 240;
    pub const MAX: u32 = 640;

    pub fn new(px: u32) -> Option<Self> {
        (px.is_multiple_of(2) && (Self::MIN..=Self::MAX).contains(&px)).then_some(Self(px))
    }

    pub fn px(self) -> u32 {
        self.0
    }

    /// Bytes of one NV12 frame: a full-size luma plane, then interleaved half-size chroma.
    pub fn nv12_bytes(self) -> usize {
        (self.0 * self.0 * 3 / 2) as usize
    }
}

/// Frames per second: 25, 30 or 60.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fps(u32);

impl Default for Fps {
    fn default() -> Self {
        Self(30)
    }
}

impl Fps {
    pub fn new(fps: u32) -> Option<Self> {
        matches!(fps, 25 | 30 | 60).then_some(Self(fps))
    }

    pub fn get(self) -> u32 {
        self.0
    }

    /// Whole frames in `length`, at least one.
    pub fn frames_in(self, length: Duration) -> u32 {
        ((length.as_nanos() * u128::from(self.0) / 1_000_000_000) as u32).max(1)
    }
}

/// The number of a frame in its circle, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FrameIndex(pub u32);

impl FrameIndex {
    /// When the frame is first shown, from the start of the circle.
    pub fn time_secs(self, fps: Fps) -> f64 {
        f64::from(self.0) / f64::from(fps.get())
    }
}

/// What the renderer makes and the encoder takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct VideoFormat {
    pub size: Size,
    pub fps: Fps,
}
