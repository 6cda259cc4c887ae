//! A link in, the song at one of our sources out: directly where the link is to one of them, else by way of Odesli.

use super::error::SourceError;
use super::search::named;
use super::service::Service;
use super::{Sources, link};
use crate::model::spelling::{self, Named};
use crate::model::{Found, Source};

impl Sources {
    /// The song a link leads to.
    pub async fn resolve(&self, text: &str) -> Result<Found, SourceError> {
        let link = link::parse(text)?;
        let direct = match &link.track {
            Some(track) => self.info(track).await,
            None => Err(SourceError::NotFound {
                service: Service::Odesli,
            }),
        };
        match (direct, &self.odesli) {
            (Ok(found), _) => Ok(found),
            (Err(_), Some(_)) if link.track.is_none() => self.elsewhere(&link.page).await,
            // The link's own service is off, down or without this song. Its own words say more than Odesli's.
            (Err(error), Some(_)) => self.elsewhere(&link.page).await.map_err(|_| error),
            (Err(_), None) if link.track.is_none() => Err(SourceError::Off {
                service: Service::Odesli,
            }),
            (Err(error), None) => Err(error),
        }
    }

    async fn elsewhere(&self, page: &str) -> Result<Found, SourceError> {
        let Some(odesli) = &self.odesli else {
            return Err(SourceError::Off {
                service: Service::Odesli,
            });
        };
        let song = odesli.lookup(page).await?;
        let mut failure = SourceError::NotFound {
            service: Service::Odesli,
        };
        for &source in &self.order {
            let same_there = song.tracks.iter().find(|track| track.source() == source);
            let outcome = match (same_there, &song.title, &song.artist) {
                (Some(track), ..) => self.info(track).await,
                (None, Some(title), Some(artist)) => self.by_name(source, title, artist).await,
                _ => continue,
            };
            match outcome {
                Ok(found) => return Ok(found),
                // That it is not here is the least that can be said of a song.
                Err(SourceError::NotFound { .. }) => {}
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }

    /// The first song of a source that has this very name.
    async fn by_name(&self, source: Source, title: &str, artist: &str) -> Result<Found, SourceError> {
        let list = self.list(source, &format!("{artist} {title}")).await?;
        let wanted = Named {
            title,
            artist,
            duration: None,
        };
        let same = list
            .iter()
            .find(|found| spelling::same_song(wanted, named(found, &found.artist())));
        same.cloned().ok_or(SourceError::NotFound { service: source.into() })
    }
}
