//! Yandex Music, asked with the operator's own token: names, identifiers and links in, songs out. Its interface is not a public
//! one and may change or refuse; then the sources after it go on.

use std::path::Path;

use md5::{Digest, Md5};
use reqwest::header::{ACCEPT_LANGUAGE, AUTHORIZATION, HeaderMap, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;

use super::error::SourceError;
use super::fetch::{Call, Gate, Saved, audio_extension};
use super::service::Service;
use super::settings::{FetchLimits, Yandex as Settings};
use super::wire;
use crate::model::{Found, Source, TrackRef};

/// The interface expects to hear its usual client.
const USER_AGENT: &str = "Yandex-Music-API";
const CLIENT: (&str, &str) = ("x-yandex-music-client", "YandexMusicAndroid/23020251");
/// Part of what a link is signed with; the same in every client, so no secret.
const SALT: &str = "XGRlBW9FXlekgbPrRHuSiA";
/// The signed link's particulars are five short tags.
const MAX_XML_BYTES: u64 = 16_384;
const SERVICE: Service = Service::Yandex;

pub(super) struct Yandex {
    pub(super) gate: Gate,
    token: SecretString,
    max_kbits: u32,
}

impl Yandex {
    pub fn new(settings: &Settings) -> Result<Self, SourceError> {
        Ok(Self {
            gate: Gate::new(SERVICE, settings.base_url.as_deref(), USER_AGENT)?,
            token: settings.token.clone(),
            max_kbits: settings.max_kbits,
        })
    }

    pub async fn search(&self, text: &str) -> Result<Vec<Found>, SourceError> {
        let query = [
            ("text", text),
            ("nocorrect", "False"),
            ("type", "track"),
            ("page", "0"),
            ("playlist-in-best", "True"),
        ];
        let call = self.call(&["search"], &query)?;
        let result: SearchResult = self.gate.ask(&call, result).await?;
        let tracks = result.tracks.map(|block| block.results).unwrap_or_default();
        Ok(tracks.into_iter().filter_map(Track::found).collect())
    }

    pub async fn info(&self, id: &str) -> Result<Found, SourceError> {
        let mut call = self.call(&["tracks"], &[])?;
        call.form = Some(vec![
            ("track-ids", id.to_owned()),
            ("with-positions", "True".to_owned()),
        ]);
        let tracks: Vec<Track> = self.gate.ask(&call, result).await?;
        let track = tracks
            .into_iter()
            .next()
            .ok_or(SourceError::NotFound { service: SERVICE })?;
        match track.available {
            Some(false) => Err(SourceError::NotPlayable { service: SERVICE }),
            _ => track.found().ok_or(SourceError::NotFound { service: SERVICE }),
        }
    }

    /// The song as a new file, and whether it is only a piece of it.
    pub async fn fetch(&self, id: &str, into: &Path, limits: FetchLimits) -> Result<(Saved, bool), SourceError> {
        match self.fetch_once(id, into, limits).await {
            // The link is good for a minute; a slow answer may have used it up.
            Err(SourceError::Expired { .. }) => self.fetch_once(id, into, limits).await,
            outcome => outcome,
        }
    }

    async fn fetch_once(&self, id: &str, into: &Path, limits: FetchLimits) -> Result<(Saved, bool), SourceError> {
        let call = self.call(&["tracks", id, "download-info"], &[])?;
        let variants: Vec<Variant> = self.gate.ask(&call, result).await?;
        let variant = best(variants, self.max_kbits).ok_or(SourceError::NotPlayable { service: SERVICE })?;

        // The storage needs no token, and gets none.
        let mut call = Call::get(self.gate.link(&variant.download_info_url)?);
        call.max_bytes = MAX_XML_BYTES;
        let direct = self.gate.ask(&call, |xml| self.direct_link(xml)).await?;
        let mut call = Call::get(self.gate.link(&direct)?);
        (call.max_bytes, call.total) = (limits.max_bytes, limits.total);
        let saved = self.gate.save(&call, into, audio_extension).await?;
        Ok((saved, variant.preview))
    }

    /// Signs the link that the storage described.
    fn direct_link(&self, xml: &[u8]) -> Result<String, SourceError> {
        let xml = std::str::from_utf8(xml).unwrap_or_default();
        let tag = |name| tag(xml, name).ok_or_else(|| self.gate.garbled("XML of another shape"));
        let (host, path, time, salt) = (tag("host")?, tag("path")?, tag("ts")?, tag("s")?);
        let bare_path = path.strip_prefix('/').unwrap_or(&path);
        let sign = Md5::digest(format!("{SALT}{bare_path}{salt}"));
        let sign: String = sign.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(format!("https://{host}/get-mp3/{sign}/{time}/{bare_path}"))
    }

    fn call(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Call, SourceError> {
        let mut call = Call::get(self.gate.url(path, query));
        let mut token = HeaderValue::try_from(format!("OAuth {}", self.token.expose_secret()))
            .map_err(|_| SourceError::TokenRefused { service: SERVICE })?;
        token.set_sensitive(true);
        call.headers = HeaderMap::from_iter([
            (AUTHORIZATION, token),
            (ACCEPT_LANGUAGE, HeaderValue::from_static("ru")),
        ]);
        call.headers.insert(CLIENT.0, HeaderValue::from_static(CLIENT.1));
        call.explain = Some(explain);
        Ok(call)
    }
}

/// An expired token is told in several ways; everything else that is "not allowed" is about this one track.
fn explain(status: u16, body: &[u8]) -> Option<SourceError> {
    let expired = || String::from_utf8_lossy(body).contains("session-expired");
    match status {
        401 => Some(SourceError::TokenRefused { service: SERVICE }),
        403 if expired() => Some(SourceError::TokenRefused { service: SERVICE }),
        403 => Some(SourceError::NotPlayable { service: SERVICE }),
        _ => None,
    }
}

/// What lies in the envelope every answer comes in.
fn result<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, SourceError> {
    let envelope: Envelope = wire::json(SERVICE, body)?;
    if let Some(error) = envelope.error {
        return Err(match error.name.as_str() {
            "session-expired" => SourceError::TokenRefused { service: SERVICE },
            "not-allowed" => SourceError::NotPlayable { service: SERVICE },
            "not-found" => SourceError::NotFound { service: SERVICE },
            _ => SourceError::Garbled {
                service: SERVICE,
                what: "an error it did not name".into(),
            },
        });
    }
    // A bare text in place of the result is a refusal.
    serde_json::from_value(envelope.result).map_err(|_| SourceError::Garbled {
        service: SERVICE,
        what: "a result of another shape".into(),
    })
}

/// The mp3 with the most bits up to `max_kbits`, else the one with the fewest; a piece only where there is no whole song.
fn best(variants: Vec<Variant>, max_kbits: u32) -> Option<Variant> {
    variants
        .into_iter()
        .filter(|variant| !variant.download_info_url.is_empty())
        .max_by_key(|variant| {
            let fits = variant.bitrate_in_kbps <= max_kbits;
            let bits = i64::from(variant.bitrate_in_kbps);
            (
                !variant.preview,
                variant.codec == "mp3",
                fits,
                if fits { bits } else { -bits },
            )
        })
}

/// The text of a tag without attributes, which is all there is in that XML.
fn tag(xml: &str, name: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    Some(text.trim().replace("&amp;", "&"))
}

#[derive(Deserialize)]
struct Envelope {
    #[serde(default)]
    result: Value,
    error: Option<Refusal>,
}

#[derive(Deserialize)]
struct Refusal {
    #[serde(default)]
    name: String,
}

#[derive(Deserialize)]
struct SearchResult {
    tracks: Option<Block>,
}

#[derive(Deserialize)]
struct Block {
    #[serde(default, deserialize_with = "wire::list")]
    results: Vec<Track>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Variant {
    codec: String,
    #[serde(default)]
    preview: bool,
    #[serde(default)]
    download_info_url: String,
    #[serde(default)]
    bitrate_in_kbps: u32,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Track {
    #[serde(deserialize_with = "wire::id")]
    id: String,
    title: Option<String>,
    version: Option<String>,
    #[serde(default, deserialize_with = "wire::list")]
    artists: Vec<Artist>,
    #[serde(default, deserialize_with = "wire::list")]
    albums: Vec<Album>,
    duration_ms: Option<f64>,
    cover_uri: Option<String>,
    available: Option<bool>,
    content_warning: Option<String>,
}

#[derive(Deserialize)]
struct Artist {
    name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Album {
    #[serde(deserialize_with = "wire::id")]
    id: String,
    title: Option<String>,
    cover_uri: Option<String>,
}

impl Track {
    /// `None`: nobody can hear it.
    fn found(self) -> Option<Found> {
        if self.available == Some(false) {
            return None;
        }
        let title = wire::name(self.title)?;
        let title = match wire::name(self.version) {
            Some(version) => format!("{title} ({version})"),
            None => title,
        };
        let album = self.albums.into_iter().next();
        let page_url = match &album {
            Some(album) => format!("https://music.yandex.ru/album/{}/track/{}", album.id, self.id),
            None => format!("https://music.yandex.ru/track/{}", self.id),
        };
        let cover = self.cover_uri.or_else(|| album.as_ref()?.cover_uri.clone());
        Some(Found {
            track: TrackRef::new(Source::Yandex, self.id)?,
            title,
            artists: self
                .artists
                .into_iter()
                .filter_map(|artist| wire::name(artist.name))
                .collect(),
            album: album.and_then(|album| wire::name(album.title)),
            duration: wire::duration(self.duration_ms),
            preview_only: false,
            explicit: self.content_warning.as_deref() == Some("explicit"),
            // 600 px: above the side the cover is reduced to.
            cover_url: cover
                .filter(|uri| !uri.is_empty())
                .map(|uri| format!("https://{}", uri.replace("%%", "600x600"))),
            page_url: Some(page_url),
        })
    }
}
