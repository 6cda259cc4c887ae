//! `/create_video`: a song and a picture in, the finished circle out, through the same line as everybody's. Whoever hangs up
//! is taken out of it.

use axum::extract::{Request, State};
use axum::http::HeaderMap;
use serde_json::Value;

use crate::http::Web;
use crate::http::caller::Caller;
use crate::http::error::{Answer, ApiError};
use crate::http::failed;
use crate::http::file::{self, About, file_name};
use crate::http::jobs::{self, Awaited};
use crate::http::limits::PICTURE_BYTES;
use crate::http::media::{self, Told};
use crate::http::order::{Fields, Look};
use crate::http::upload::{self, Form, Wanted};
use crate::model::parse_time;
use crate::store::jobs::JobState;

pub async fn create(State(web): State<Web>, caller: Caller, request: Request) -> Answer {
    let song = Wanted {
        name: "audio_file",
        max_bytes: web.house.upload_bytes,
    };
    let picture = Wanted {
        name: "image_file",
        max_bytes: PICTURE_BYTES,
    };
    let mut form = upload::form(&web, request, &[song, picture]).await?;
    let (audio, image) = (form.file("audio_file")?, form.file("image_file")?);
    let look = look(&form)?;
    let cover = media::picture(&web, image.file).await?;
    let extension = audio.song_extension();
    let song = media::song(&web, audio.file, extension, Told::default()).await?;
    let name = file_name(&[song.artist.as_deref(), song.title.as_deref()], "video", "mp4");
    let spec = look.spec(&web, &song, Some(cover)).await?;
    let (job, _) = jobs::submit(&web, &caller, spec, &song).await?;
    let job = Awaited::new(&web, job).over().await?;
    let Some((path, key)) = jobs::circle(&web, &job).await?.filter(|_| job.state == JobState::Done) else {
        return Err(ended(&job));
    };
    let about = About {
        kind: "video/mp4",
        tag: &key,
        save_as: Some(name),
    };
    file::answer(&path, about, &HeaderMap::new()).await
}

fn ended(job: &crate::store::jobs::Job) -> ApiError {
    match (&job.failure, job.state) {
        (Some(failure), _) if failure.kind == "disk_full" || failure.kind == "device" => {
            ApiError::trouble(&failure.words)
        }
        (Some(failure), _) => ApiError::bad(failed::sentence(&failure.kind)),
        (None, JobState::SetAside) => ApiError::bad("this song or picture breaks what draws circles; send another one"),
        (None, _) => ApiError::busy("the circle was stopped before it was done; ask for it again", 1),
    }
}

/// The optional fields, in the words of the original and of the command line: times as `12.5` or `1:05`.
fn look(form: &Form) -> Answer<Look> {
    let mut fields = Fields::new();
    let mut times = (None, None);
    for (name, text) in &form.texts {
        let text = text.trim();
        let moment = || {
            let wrong = || ApiError::bad(format!("`{name}` is no time; write seconds (12.5) or m:ss (1:05)"));
            parse_time(text).map(|time| time.as_millis() as u64).ok_or_else(wrong)
        };
        let whole = |text: &str| {
            let wrong = |_| ApiError::bad(format!("`{name}` must be a whole number"));
            text.parse::<u64>().map_err(wrong).map(Value::from)
        };
        let (field, value) = match name.as_str() {
            "start" => {
                times.0 = Some(moment()?);
                continue;
            }
            "end" => {
                times.1 = Some(moment()?);
                continue;
            }
            "size" => ("size_px", whole(text)?),
            "fps" | "seed" => (name.as_str(), whole(text)?),
            "rpm" => ("speed", Value::from(text)),
            "theme" | "corners" | "speed" | "title" | "artist" | "lyrics" => (name.as_str(), Value::from(text)),
            "parameters" => {
                let parameters = serde_json::from_str(text);
                (
                    name.as_str(),
                    parameters.map_err(|_| ApiError::bad("`parameters` must be an object of JSON"))?,
                )
            }
            other => {
                let other: String = other.chars().take(40).collect();
                return Err(ApiError::bad(format!(
                    "there is no field `{other}` here; see /docs for those there are"
                )));
            }
        };
        fields.insert(field.to_owned(), value);
    }
    let start = times.0.unwrap_or(0);
    fields.insert("start_ms".to_owned(), Value::from(start));
    if let Some(end) = times.1 {
        let length = end.checked_sub(start).filter(|length| *length > 0);
        let length = length.ok_or_else(|| ApiError::bad("`end` must be after `start`"))?;
        fields.insert("length_ms".to_owned(), Value::from(length));
    }
    Look::read(fields)
}
