//! Where songs come from, against stand-ins of the services over real HTTP, and a real folder.

mod addresses;
mod faults;
mod index;
mod library;
mod links;
mod order;
mod pictures;
mod songs;

use std::path::Path;

use musiccircles::model::{Found, Source};
use musiccircles::source::{Cursor, FetchLimits, Page, Settings, SourceError, Sources};

use crate::support::music::Music;

const BLOOD_TYPE: &str = "кино группа крови";

fn sources(settings: &Settings) -> Sources {
    Sources::start(settings, None).unwrap()
}

/// One source alone.
fn only(music: &Music, source: Source) -> Sources {
    sources(&music.settings(&[source]))
}

async fn search(sources: &Sources, text: &str) -> Page {
    sources.search(text, 5, Cursor::default()).await
}

/// The one failure of a search without results.
async fn failure(sources: &Sources, text: &str) -> SourceError {
    let mut page = search(sources, text).await;
    assert_eq!(page.results.len(), 0);
    assert_eq!(page.failures.len(), 1, "{:?}", page.failures);
    page.failures.remove(0)
}

async fn first(sources: &Sources, text: &str) -> Found {
    let page = search(sources, text).await;
    assert!(page.failures.is_empty(), "{:?}", page.failures);
    page.results.into_iter().next().unwrap()
}

async fn fetch(sources: &Sources, track: &str, into: &Path) -> Result<musiccircles::flow::LocalMedia, SourceError> {
    sources
        .fetch(&track.parse().unwrap(), into, FetchLimits::default())
        .await
}

fn ids(page: &Page) -> Vec<String> {
    page.results.iter().map(|found| found.track.to_string()).collect()
}
