//! Why a source gave nothing. The sentences here are for the operator; a user gets the text that belongs to the
//! [`kind`](SourceError::kind), in their language. No address, path or token is part of any.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::service::Service;
use crate::model::Fault;

#[derive(Clone, Debug, thiserror::Error)]
pub enum SourceError {
    #[error("{service} does not have this track")]
    NotFound { service: Service },
    #[error("{service} has this track, but lets nobody hear it")]
    NotPlayable { service: Service },
    #[error("this is not a link to a song that we know")]
    UnknownLink,
    #[error("this link leads to an album, an artist or a playlist; send the link to one song")]
    NotOneSong,
    #[error("{service} is not turned on")]
    Off { service: Service },
    #[error("{service} no longer takes the token it was given; put a new one into the configuration and restart")]
    TokenRefused { service: Service },
    #[error("{service} does not serve the country this machine stands in")]
    WrongCountry { service: Service },
    #[error("{service} takes no more requests for {:.0} s", .retry_after.as_secs_f64().ceil())]
    Busy { service: Service, retry_after: Duration },
    #[error("{service} cannot be reached: {reason}")]
    Unavailable {
        service: Service,
        reason: String,
        /// When it is worth to try again; `None`: at once.
        retry_after: Option<Duration>,
    },
    #[error("{service} answered something we do not understand: {what}")]
    Garbled { service: Service, what: String },
    #[error("a link that {service} gave us ran out before it was used")]
    Expired { service: Service },
    #[error("{service} gave us more than {limit_bytes} bytes")]
    TooLarge { service: Service, limit_bytes: u64 },
    #[error("{service} sent us to {what}, where we do not go")]
    Forbidden { service: Service, what: &'static str },
    #[error("the song could not be written to the disk")]
    Disk {
        #[source]
        cause: Arc<io::Error>,
    },
    #[error("the base address of {service} is wrong: {what}")]
    BadAddress { service: Service, what: &'static str },
}

/// What the texts are chosen by. The name of each is its key: `source-not-found`, `source-busy`...
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    NotFound,
    NotPlayable,
    UnknownLink,
    NotOneSong,
    Off,
    TokenRefused,
    WrongCountry,
    Busy,
    Unavailable,
    Garbled,
    TooLarge,
    Disk,
}

impl ErrorKind {
    pub const ALL: [Self; 12] = [
        Self::NotFound,
        Self::NotPlayable,
        Self::UnknownLink,
        Self::NotOneSong,
        Self::Off,
        Self::TokenRefused,
        Self::WrongCountry,
        Self::Busy,
        Self::Unavailable,
        Self::Garbled,
        Self::TooLarge,
        Self::Disk,
    ];

    /// Key of the text for the user.
    pub fn text_key(self) -> &'static str {
        match self {
            Self::NotFound => "source-not-found",
            Self::NotPlayable => "source-not-playable",
            Self::UnknownLink => "source-unknown-link",
            Self::NotOneSong => "source-not-one-song",
            Self::Off => "source-off",
            Self::TokenRefused => "source-token-refused",
            Self::WrongCountry => "source-wrong-country",
            Self::Busy => "source-busy",
            Self::Unavailable => "source-unavailable",
            Self::Garbled => "source-garbled",
            Self::TooLarge => "source-too-large",
            Self::Disk => "source-disk",
        }
    }
}

impl SourceError {
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::NotFound { .. } => ErrorKind::NotFound,
            Self::NotPlayable { .. } => ErrorKind::NotPlayable,
            Self::UnknownLink => ErrorKind::UnknownLink,
            Self::NotOneSong => ErrorKind::NotOneSong,
            Self::Off { .. } | Self::BadAddress { .. } => ErrorKind::Off,
            Self::TokenRefused { .. } => ErrorKind::TokenRefused,
            Self::WrongCountry { .. } => ErrorKind::WrongCountry,
            Self::Busy { .. } => ErrorKind::Busy,
            Self::Unavailable { .. } | Self::Expired { .. } => ErrorKind::Unavailable,
            Self::Garbled { .. } | Self::Forbidden { .. } => ErrorKind::Garbled,
            Self::TooLarge { .. } => ErrorKind::TooLarge,
            Self::Disk { .. } => ErrorKind::Disk,
        }
    }

    /// Whom we asked.
    pub fn service(&self) -> Option<Service> {
        match self {
            Self::UnknownLink | Self::NotOneSong | Self::Disk { .. } => None,
            Self::NotFound { service }
            | Self::NotPlayable { service }
            | Self::Off { service }
            | Self::TokenRefused { service }
            | Self::WrongCountry { service }
            | Self::Busy { service, .. }
            | Self::Unavailable { service, .. }
            | Self::Garbled { service, .. }
            | Self::Expired { service }
            | Self::TooLarge { service, .. }
            | Self::Forbidden { service, .. }
            | Self::BadAddress { service, .. } => Some(*service),
        }
    }

    /// When to try again, if waiting helps.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Busy { retry_after, .. } => Some(*retry_after),
            Self::Unavailable { retry_after, .. } => Some(retry_after.unwrap_or_default()),
            Self::Expired { .. } => Some(Duration::ZERO),
            _ => None,
        }
    }

    pub fn fault(&self) -> Fault {
        match self.kind() {
            ErrorKind::NotFound | ErrorKind::NotPlayable | ErrorKind::UnknownLink | ErrorKind::NotOneSong => {
                Fault::Request
            }
            ErrorKind::TooLarge => Fault::Request,
            _ => Fault::Machine,
        }
    }

    pub(super) fn disk(cause: io::Error) -> Self {
        Self::Disk { cause: Arc::new(cause) }
    }
}
