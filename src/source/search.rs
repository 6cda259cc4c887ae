//! One list of songs out of several sources: a text and a place to go on from in, a page of results out. The list is what the
//! first source found, then what the second found, and so on, each song once; a source is only asked when the page is not
//! full without it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::settings::MAX_QUERY_CHARS;
use super::{SourceError, Sources, on};
use crate::model::spelling::{self, Named};
use crate::model::{Found, Source, clean_tag};

/// Lists are kept this long, so that turning pages asks nobody and finds what was there before.
const KEPT: Duration = Duration::from_secs(600);
/// Lists kept, of at most 25 songs each.
const MAX_LISTS: usize = 512;

/// Where a page ends and the next begins. Small, and still good after a restart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// `None`: the first source there is.
    source: Option<Source>,
    offset: usize,
}

impl Cursor {
    /// The beginning of what this source finds.
    pub fn at(source: Source) -> Self {
        Self {
            source: Some(source),
            offset: 0,
        }
    }
}

/// A piece of the list.
#[derive(Clone, Debug, Default)]
pub struct Page {
    pub results: Vec<Found>,
    /// Where to go on; `None`: this was all.
    pub next: Option<Cursor>,
    /// Sources that could not be asked.
    pub failures: Vec<SourceError>,
}

impl Sources {
    /// At most `count` songs that answer the text, from `from` on. Never fails as a whole: with no results and no failures,
    /// there is no such song.
    pub async fn search(&self, text: &str, count: usize, from: Cursor) -> Page {
        let mut page = Page::default();
        let text: Option<String> = clean_tag(text).map(|text| text.chars().take(MAX_QUERY_CHARS).collect());
        let Some(text) = text.filter(|_| count > 0) else {
            return page;
        };
        let place = from
            .source
            .and_then(|source| self.order.iter().position(|&other| other == source));
        let (earlier, sources) = self.order.split_at(place.unwrap_or(0));
        let mut shown: Vec<_> = earlier
            .iter()
            .filter_map(|&source| self.lists.get(source, &text))
            .collect();
        let mut offset = if place.is_some() { from.offset } else { 0 };
        for &source in sources {
            if page.results.len() == count {
                page.next = Some(Cursor {
                    source: Some(source),
                    offset,
                });
                break;
            }
            let list = match self.list(source, &text).await {
                Ok(list) => list,
                Err(failure) => {
                    page.failures.push(failure);
                    offset = 0;
                    continue;
                }
            };
            for (at, found) in list.iter().enumerate().skip(offset) {
                let mut before = shown.iter().flat_map(|list| list.iter()).chain(&list[..at]);
                if before.any(|other| same(other, found)) {
                    continue;
                }
                if page.results.len() == count {
                    page.next = Some(Cursor {
                        source: Some(source),
                        offset: at,
                    });
                    return page;
                }
                page.results.push(found.clone());
            }
            shown.push(list);
            offset = 0;
        }
        page
    }

    /// All that one source finds.
    pub(super) async fn list(&self, source: Source, text: &str) -> Result<Arc<[Found]>, SourceError> {
        if let Some(list) = self.lists.get(source, text) {
            return Ok(list);
        }
        let list: Arc<[Found]> = match source {
            // Its index answers in milliseconds and changes with the folder.
            Source::Library => return Ok(on(source, &self.library)?.search(text).await?.into()),
            Source::Yandex => on(source, &self.yandex)?.search(text).await?.into(),
            Source::Deezer => on(source, &self.deezer)?.search(text).await?.into(),
            Source::Itunes => on(source, &self.itunes)?.search(text).await?.into(),
        };
        self.lists.keep(source, text, list.clone());
        Ok(list)
    }
}

/// One song at two sources, or twice at one.
fn same(a: &Found, b: &Found) -> bool {
    let lengths = a
        .duration
        .zip(b.duration)
        .is_none_or(|(a, b)| a.abs_diff(b) <= Duration::from_secs(3));
    // Folding names costs more than comparing two lengths.
    lengths && a.explicit == b.explicit && spelling::same_song(named(a, &a.artist()), named(b, &b.artist()))
}

pub(super) fn named<'a>(found: &'a Found, artist: &'a str) -> Named<'a> {
    Named {
        title: &found.title,
        artist,
        duration: found.duration,
    }
}

/// What sources found lately.
#[derive(Default)]
pub(super) struct Lists(Mutex<HashMap<(Source, String), Kept>>);

type Kept = (Instant, Arc<[Found]>);

impl Lists {
    fn get(&self, source: Source, text: &str) -> Option<Arc<[Found]>> {
        let lists = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (kept_at, list) = lists.get(&(source, text.to_owned()))?;
        (kept_at.elapsed() < KEPT).then(|| list.clone())
    }

    fn keep(&self, source: Source, text: &str, list: Arc<[Found]>) {
        let mut lists = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lists.len() >= MAX_LISTS {
            let oldest = lists
                .iter()
                .min_by_key(|(_, (kept_at, _))| *kept_at)
                .map(|(key, _)| key.clone());
            oldest.and_then(|key| lists.remove(&key));
        }
        lists.insert((source, text.to_owned()), (Instant::now(), list));
    }
}
