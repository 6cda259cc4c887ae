//! Our own routes, described.

use serde_json::{Value, json};

use super::operation::Operation;

const TAG: &str = "v1";
const GONE: (u16, &str) = (410, "The file was removed to make room; send or ask for it again.");

pub fn operations() -> Vec<Operation> {
    let mut all = looks();
    all.extend(songs());
    all.extend(jobs());
    all
}

fn op(method: &'static str, path: &str, summary: &str) -> Operation {
    Operation::new(method, path, TAG, summary)
}

fn binary() -> Value {
    json!({ "type": "string", "contentMediaType": "application/octet-stream" })
}

fn looks() -> Vec<Operation> {
    vec![
        op("get", "/api/openapi.json", "This description.").file(200, "application/json"),
        op(
            "get",
            "/api/v1/themes",
            "The looks there are, and what of each can be set.",
        )
        .json(200, "Themes"),
        op("get", "/api/v1/themes/{name}/preview.jpg", "How a theme looks.")
            .file(200, "image/jpeg")
            .errors(&[
                (404, "There is no such theme."),
                (422, "The name cannot be understood."),
            ]),
        op(
            "get",
            "/api/v1/themes/{name}/preview.mp4",
            "How a theme moves: a few seconds, without sound.",
        )
        .ranges("video/mp4")
        .errors(&[
            (404, "There is no such theme."),
            (422, "The name cannot be understood."),
        ]),
        op(
            "get",
            "/api/v1/themes/{name}/screen.wgsl",
            "The shader that draws a theme's scenes in a browser.",
        )
        .file(200, "text/wgsl")
        .errors(&[
            (404, "There is no such theme."),
            (422, "The name cannot be understood."),
        ]),
        op("get", "/api/v1/search", "Songs by name.")
            .query(
                "query",
                true,
                json!({ "type": "string", "minLength": 1, "maxLength": 500 }),
            )
            .query(
                "limit",
                false,
                json!({ "type": "integer", "minimum": 1, "maximum": 50, "default": 20 }),
            )
            .query(
                "source",
                false,
                json!({ "type": "string", "enum": ["library", "yandex", "deezer", "itunes"] }),
            )
            .json(200, "Tracks")
            .errors(&[
                (404, "No source is on."),
                (422, "The query cannot be understood."),
                (502, "The source does not answer as it should."),
            ]),
        op("post", "/api/v1/covers", "Sends a picture.")
            .form(&["file"], json!({ "file": binary() }))
            .json(201, "Cover"),
        op("get", "/api/v1/covers/{cover}", "A picture that was sent, square.")
            .ranges("image/png")
            .errors(&[
                (404, "There is no such cover here any more."),
                GONE,
                (422, "The name cannot be understood."),
            ]),
    ]
}

fn songs() -> Vec<Operation> {
    let unknown = &[
        (404, "There is no such song here any more."),
        GONE,
        (422, "The request cannot be understood."),
    ];
    let unheard = &[(400, "The song cannot be heard.")];
    vec![
        op("post", "/api/v1/songs", "Sends a song, or chooses one of a source.")
            .form(&["file"], json!({ "file": binary() }))
            .json_body("ChosenTrack")
            .json(201, "Song")
            .errors(&[
                (404, "There is no such song, or no source is on."),
                (502, "The source does not answer as it should."),
            ]),
        op("get", "/api/v1/songs/{song}", "What is known of a song.")
            .json(200, "Song")
            .errors(unknown),
        op(
            "get",
            "/api/v1/songs/{song}/audio",
            "Its sound, as every browser plays it.",
        )
        .ranges("audio/*")
        .errors(unknown)
        .errors(unheard),
        op("get", "/api/v1/songs/{song}/cover", "The picture it brought, square.")
            .ranges("image/png")
            .errors(unknown),
        op(
            "get",
            "/api/v1/songs/{song}/waveform",
            "Its loudness from start to end.",
        )
        .query(
            "points",
            false,
            json!({ "type": "integer", "minimum": 1, "maximum": 4000, "default": 800 }),
        )
        .json(200, "Waveform")
        .errors(unknown)
        .errors(unheard),
        op(
            "get",
            "/api/v1/songs/{song}/survey",
            "Its tempo, its beats and its best fragments.",
        )
        .query(
            "length_ms",
            false,
            json!({ "type": "integer", "minimum": 1000, "maximum": 60000, "default": 30000 }),
        )
        .json(200, "Survey")
        .errors(unknown)
        .errors(unheard),
        op(
            "get",
            "/api/v1/songs/{song}/features",
            "What the music does in each frame of a fragment: lists of numbers from 0 to 1, one for each frame.",
        )
        .query(
            "start_ms",
            false,
            json!({ "type": "integer", "minimum": 0, "default": 0 }),
        )
        .query(
            "length_ms",
            false,
            json!({ "type": "integer", "minimum": 1000, "maximum": 60000 }),
        )
        .query("fps", false, json!({ "type": "integer", "enum": [25, 30, 60] }))
        .json(200, "Features")
        .errors(unknown)
        .errors(unheard),
    ]
}

fn jobs() -> Vec<Operation> {
    let unknown = &[(404, "There is no such job."), (422, "The name cannot be understood.")];
    let bad = &[
        (400, "This cannot be done."),
        (404, "There is no such song or cover here any more."),
        GONE,
    ];
    vec![
        op("post", "/api/v1/frames", "One moment of a circle as a picture.")
            .json_body("Moment")
            .file(200, "image/png")
            .errors(bad),
        op(
            "post",
            "/api/v1/scene",
            "Everything the theme's `screen.wgsl` needs to draw the circle's frames.",
        )
        .json_body("Order")
        .file(200, "application/octet-stream")
        .errors(bad),
        op("post", "/api/v1/jobs", "Asks for a circle.")
            .form(
                &[],
                json!({
                    "audio": binary(), "image": binary(),
                    "song": { "type": "string", "description": "In place of `audio`." },
                    "track": { "type": "string", "description": "In place of both: the id of a song that a search found." },
                    "cover": { "type": "string", "description": "In place of `image`." },
                    "start_ms": { "type": "integer" }, "length_ms": { "type": "integer" },
                    "theme": { "type": "string" }, "parameters": { "type": "string", "description": "An object, as JSON." },
                    "speed": { "type": "string" }, "size_px": { "type": "integer" }, "fps": { "type": "integer" },
                    "corners": { "type": "string", "enum": ["black", "cover"] },
                    "title": { "type": "string" }, "artist": { "type": "string" }, "lyrics": { "type": "string" },
                    "seed": { "type": "integer" },
                }),
            )
            .json_body("Order")
            .json(202, "Job")
            .errors(bad),
        op("get", "/api/v1/jobs/{job}", "How far a circle is.").json(200, "Job").errors(unknown),
        op("delete", "/api/v1/jobs/{job}", "Takes a circle back.").json(200, "Job").errors(unknown),
        op("post", "/api/v1/jobs/{job}/send", "Sends a finished circle to the chat of whoever opened the studio in Telegram.")
            .json(202, "Job")
            .errors(unknown)
            .errors(&[(400, "This cannot be done."), (403, "The session is none of Telegram's."), (409, "There is no circle to send."), GONE]),
        op("post", "/api/v1/telegram/session", "Opens a session for whoever opened the studio in Telegram.")
            .json_body("InitData")
            .json(200, "Session")
            .errors(&[(401, "Telegram did not sign this for this bot, or long ago."), (404, "There is no bot here.")]),
        op("get", "/api/v1/jobs/{job}/events", "How far a circle is, whenever that changes: events named `state`, each a Job.")
            .file(200, "text/event-stream")
            .errors(unknown),
        op("get", "/api/v1/jobs/{job}/circle.mp4", "The circle.")
            .query("download", false, json!({ "type": "string", "description": "1: to be saved under the song's name." }))
            .ranges("video/mp4")
            .errors(unknown)
            .errors(&[(409, "It is not done yet."), GONE]),
    ]
}
