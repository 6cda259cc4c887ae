//! `/api/v1/jobs`: circles asked for, watched, taken back, fetched.

use std::convert::Infallible;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{Stream, unfold};
use serde::Deserialize;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Duration, sleep};

use super::songs::saved_name;
use crate::http::Web;
use crate::http::caller::Caller;
use crate::http::chat;
use crate::http::error::{Answer, ApiError};
use crate::http::file::{self, About};
use crate::http::input::{self, Path, Query};
use crate::http::jobs::{self, State as JobState, Status};
use crate::http::limits::{KEEP_ALIVE, PICTURE_BYTES};
use crate::http::media::{self, Song, Told};
use crate::http::order::{self, Fields, Look, Order};
use crate::http::upload::{self, Wanted};
use crate::model::{JobId, JobSpec};
use crate::queue::JobEvent;

/// A place in the line changes with other people's jobs: it is looked at anew so often.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// A browser that lost the connection comes back after this.
const COME_BACK: Duration = Duration::from_secs(1);

#[derive(Deserialize)]
pub struct Saved {
    /// `1`: to be saved, not shown.
    download: Option<String>,
}

pub async fn add(State(web): State<Web>, caller: Caller, request: Request) -> Answer {
    let (spec, song) = if input::is_form(&request) {
        form(&web, request).await?
    } else {
        input::json::<Order>(&web, request).await?.with_song(&web).await?
    };
    let (name, _) = jobs::submit(&web, &caller, spec, &song).await?;
    accepted(&web, name).await
}

/// Into the chat of whoever asks for it, who came from Telegram. Asked for twice, it is sent once.
pub async fn send(State(web): State<Web>, caller: Caller, Path(name): Path<String>) -> Answer {
    let Caller::Person(person) = caller else {
        return Err(ApiError::new(
            StatusCode::FORBIDDEN,
            "circles are sent to whoever opened the studio from the bot in Telegram; open it there",
        ));
    };
    let sent = chat::send(&web, &person, &name).await?;
    accepted(&web, sent).await
}

async fn accepted(web: &Web, name: String) -> Answer {
    let status = jobs::status(web, &name).await?;
    let location = [(header::LOCATION, format!("/api/v1/jobs/{name}"))];
    Ok((StatusCode::ACCEPTED, location, Json(status)).into_response())
}

/// Song, picture and order in one form.
async fn form(web: &Web, request: Request) -> Answer<(JobSpec, Song)> {
    let song = Wanted {
        name: "audio",
        max_bytes: web.house.upload_bytes,
    };
    let picture = Wanted {
        name: "image",
        max_bytes: PICTURE_BYTES,
    };
    let mut form = upload::form(web, request, &[song, picture]).await?;
    let (audio, image) = (form.optional_file("audio"), form.optional_file("image"));
    let (named_song, named_cover) = (form.texts.remove("song"), form.texts.remove("cover"));
    let track = form.texts.remove("track");
    let look = Look::read(fields(form.texts)?)?;
    let song = match (audio, named_song, track) {
        (Some(audio), ..) => {
            let extension = audio.song_extension();
            media::song(web, audio.file, extension, Told::default()).await?
        }
        (None, Some(name), _) => order::song(web, &name).await?,
        (None, None, Some(track)) => media::track(web, &media::track_id(&track)?).await?,
        (None, None, None) => {
            return Err(ApiError::unreadable(
                "the form has no `audio`, no `song` and no `track`; send one of them",
            ));
        }
    };
    let cover = match (image, named_cover) {
        (Some(image), _) => Some(media::picture(web, image.file).await?),
        (None, Some(name)) => Some(order::cover(web, &name).await?),
        (None, None) => None,
    };
    Ok((look.spec(web, &song, cover).await?, song))
}

/// A form has texts alone: numbers and the parameters' object are read from them.
fn fields(texts: std::collections::BTreeMap<String, String>) -> Answer<Fields> {
    let mut fields = Fields::new();
    for (name, text) in texts {
        let value = match name.as_str() {
            "start_ms" | "length_ms" | "size_px" | "fps" | "seed" | "parameters" => serde_json::from_str(&text)
                .map_err(|_| ApiError::unreadable(format!("`{name}` cannot be read; see /docs for what it is")))?,
            _ => serde_json::Value::String(text),
        };
        fields.insert(name, value);
    }
    Ok(fields)
}

pub async fn one(State(web): State<Web>, Path(name): Path<String>) -> Answer {
    Ok(Json(jobs::status(&web, &name).await?).into_response())
}

/// Its state after that: cancelled, or what it had come to before.
pub async fn cancel(State(web): State<Web>, Path(name): Path<String>) -> Answer {
    let job = jobs::find(&web, &name).await?;
    jobs::cancel(&web, &job).await?;
    Ok(Json(jobs::status(&web, &name).await?).into_response())
}

pub async fn circle(
    State(web): State<Web>,
    Path(name): Path<String>,
    Query(saved): Query<Saved>,
    headers: HeaderMap,
) -> Answer<Response> {
    let job = jobs::find(&web, &name).await?;
    if !job.state.is_final() {
        return Err(ApiError::new(
            StatusCode::CONFLICT,
            "this circle is not done yet; its `events` tell when it is",
        ));
    }
    let Some((path, key)) = jobs::circle(&web, &job).await? else {
        return Err(match job.content_key {
            Some(_) => ApiError::new(
                StatusCode::GONE,
                "this circle was removed to make room; ask for it again",
            ),
            None if job.state == crate::store::jobs::JobState::Cancelled => {
                ApiError::not_found("this job was cancelled; ask for the circle again")
            }
            None => ApiError::not_found("there is no circle of this job; its `detail` tells why"),
        });
    };
    let save = saved.download.is_some_and(|wish| wish != "0");
    let about = About {
        kind: "video/mp4",
        tag: &key,
        save_as: save.then(|| saved_name(job.spec.title.as_deref(), job.spec.artist.as_deref(), job.spec.corners)),
    };
    file::answer(&path, about, &headers).await
}

pub async fn events(State(web): State<Web>, Path(name): Path<String>) -> Answer<Response> {
    let events = web.queue.events();
    let job = jobs::find(&web, &name).await?.job;
    let watch = Watch {
        web,
        name,
        job,
        events,
        last: None,
    };
    let alive = KeepAlive::new().interval(KEEP_ALIVE);
    Ok(Sse::new(stream(watch)).keep_alive(alive).into_response())
}

/// Somebody looks at a job.
struct Watch {
    web: Web,
    name: String,
    job: JobId,
    events: Receiver<JobEvent>,
    last: Option<Status>,
}

fn stream(watch: Watch) -> impl Stream<Item = Result<Event, Infallible>> {
    unfold(Some(watch), |watch| async {
        let mut watch = watch?;
        let status = watch.news().await?;
        let event = Event::default().event("state").retry(COME_BACK).json_data(&status);
        let over = status.state.is_over();
        watch.last = Some(status);
        // A state can always be written as JSON.
        Some((Ok(event.unwrap_or_default()), (!over).then_some(watch)))
    })
}

impl Watch {
    /// The next state that is another one. `None`: nothing more will be told here.
    async fn news(&mut self) -> Option<Status> {
        loop {
            match jobs::status(&self.web, &self.name).await {
                Ok(status) => {
                    let status = self.not_behind(status);
                    if self.last.as_ref() != Some(&status) {
                        return Some(status);
                    }
                }
                Err(_) => return None,
            }
            if !self.wait().await {
                return None;
            }
        }
    }

    /// How far it is may be forgotten a moment before its end is known: nobody sees a circle go backwards.
    fn not_behind(&self, mut status: Status) -> Status {
        let drawn = |of: &&Status| of.state == JobState::Rendering;
        if let Some(last) = self.last.as_ref().filter(drawn)
            && status.state == JobState::Rendering
            && status.percent < last.percent
        {
            (status.percent, status.seconds_left) = (last.percent, last.seconds_left);
        }
        status
    }

    /// `false`: we stop.
    async fn wait(&mut self) -> bool {
        let look_again = sleep(LOOK_EVERY);
        tokio::pin!(look_again);
        loop {
            tokio::select! {
                event = self.events.recv() => match event {
                    Ok(event) if event.job == self.job => return true,
                    Ok(_) => {}
                    Err(RecvError::Lagged(_)) => return true,
                    Err(RecvError::Closed) => return false,
                },
                () = &mut look_again => return true,
                () = self.web.stopping.cancelled() => return false,
            }
        }
    }
}
