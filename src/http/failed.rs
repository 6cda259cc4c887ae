//! Why a job ended without a circle, for whoever asked by HTTP: the kind of its failure in, a sentence out. What was written
//! down for the log, errors of the machine among it, is never shown.

use serde_json::Value;

use crate::worker::Reason;

/// The kinds of the workers' reasons, and those of the queue's own.
pub fn sentence(kind: &str) -> &'static str {
    if let Ok(reason) = serde_json::from_value::<Reason>(Value::from(kind)) {
        return of_reason(reason);
    }
    match kind {
        "file_gone" => "the song or the cover was removed to make room; send it again",
        "timeout" => "the circle took too long; try again, or choose a shorter part",
        "request" => "the file or the part of it does not fit; choose another part, or send another file",
        _ => "the service could not draw this circle; try again in a minute",
    }
}

fn of_reason(reason: Reason) -> &'static str {
    match reason {
        Reason::SongMissing | Reason::SongUnreadable | Reason::CoverMissing => {
            "the song or the cover was removed to make room; send it again"
        }
        Reason::SongEmpty | Reason::NotASong | Reason::OnlyACover => {
            "there is no music in this file; send an mp3, m4a, ogg, flac or wav"
        }
        Reason::UnknownCodec | Reason::SongDamaged => "the song is damaged or of an unknown kind; send it as mp3",
        Reason::SongTooShort => "the song is too short for a circle; send a longer one",
        Reason::TooLittleLeft | Reason::StartBeyondEnd => {
            "the song ends before the part does; choose an earlier or a shorter part"
        }
        Reason::CoverTooLarge => "the cover is too large; send a smaller picture",
        Reason::CoverDamaged => "the cover is damaged or no picture; send another one",
        Reason::LyricsDamaged => "the lyrics cannot be read; send them as LRC in UTF-8",
        Reason::LyricsWithoutTimes => "the lyrics have no times; send them as LRC",
        Reason::Look => "the theme or one of its parameters does not exist; look at the list of themes",
        Reason::Format => "the size, the speed or the length is out of bounds; choose another one",
        Reason::MomentOutside => "the moment lies outside of the part; choose one within it",
        Reason::TooFewBytes => "the circle does not fit into so few bytes; allow more, or choose a shorter part",
        Reason::DiskFull | Reason::Unwritable => "the service has no room for a circle now; try again later",
        Reason::Device | Reason::Encoder | Reason::Stopped | Reason::Mistake => {
            "the service could not draw this circle; try again in a minute"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_sentence_that_says_what_to_do() {
        for kind in [
            "file_gone",
            "timeout",
            "request",
            "disk_full",
            "song_damaged",
            "device",
            "new",
        ] {
            let said = sentence(kind);
            assert!(said.contains("; "), "{kind}: {said}");
        }
    }
}
