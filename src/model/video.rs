//! The shape of a circle's picture: side, frame rate, frame numbers.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

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

/// What the picture shows outside the inscribed circle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Corners {
    /// Flat black, as a video message has them: Telegram cuts them off.
    #[default]
    Black,
    /// The cover, out of focus: for places that show the whole picture.
    Cover,
}

impl Corners {
    pub const ALL: [Self; 2] = [Self::Black, Self::Cover];

    pub fn name(self) -> &'static str {
        match self {
            Self::Black => "black",
            Self::Cover => "cover",
        }
    }
}

impl fmt::Display for Corners {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

impl FromStr for Corners {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let named = Self::ALL.into_iter().find(|corners| corners.name() == text);
        named.ok_or_else(|| "corners are black or cover".to_owned())
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
