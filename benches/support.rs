//! Of what the tests share, what is measured with.

#[path = "../tests/support/stage.rs"]
pub mod stage;
#[path = "../tests/support/video.rs"]
pub mod video;
