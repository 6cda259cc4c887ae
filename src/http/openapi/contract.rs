//! The original services' routes, described.

use serde_json::json;

use super::operation::Operation;

const TAG: &str = "original";

pub fn operations() -> Vec<Operation> {
    let op = |method, path, summary| Operation::new(method, path, TAG, summary);
    let unknown = &[
        (404, "There is no such song, or no source is on."),
        (502, "The source does not answer as it should."),
    ];
    let insiders = &[
        (403, "Told to the operator's own services and this machine alone."),
        (422, "The request cannot be understood."),
    ];
    let page = |operation: Operation| {
        operation
            .query(
                "limit",
                false,
                json!({ "type": "integer", "minimum": 1, "maximum": 1000 }),
            )
            .query(
                "after",
                false,
                json!({ "type": "integer", "description": "The number of the last one seen." }),
            )
            .list(200, "Interaction")
            .errors(insiders)
    };
    vec![
        op("get", "/health", "Whether the service runs.").json(200, "Health"),
        op("get", "/search/", "Songs by name.")
            .query(
                "query",
                true,
                json!({ "type": "string", "minLength": 1, "maxLength": 500 }),
            )
            .query("limit", false, json!({ "type": "integer", "minimum": 1, "default": 5 }))
            .json(200, "SearchResults")
            .errors(unknown)
            .errors(&[(422, "There is no query, or it cannot be understood.")]),
        op("get", "/track/{id}/info", "What is known of a song.")
            .json(200, "TrackInfo")
            .errors(unknown)
            .errors(&[(422, "The id cannot be understood.")]),
        op("get", "/track/{id}/cover", "The picture of a song.")
            .file(200, "image/*")
            .errors(unknown)
            .errors(&[
                (413, "The picture is too large."),
                (422, "The id cannot be understood."),
            ]),
        op("get", "/track/{id}/stream", "The sound of a song as an mp3.")
            .ranges("audio/mpeg")
            .errors(unknown)
            .errors(&[
                (400, "The song cannot be made an mp3."),
                (410, "The song was removed to make room."),
                (413, "The song is too large."),
                (422, "The id cannot be understood."),
            ]),
        op("post", "/trim_audio", "A part of a song as an mp3.")
            .form(
                &["file", "start", "end"],
                json!({
                    "file": { "type": "string", "contentMediaType": "application/octet-stream" },
                    "start": { "type": "integer", "minimum": 0, "description": "Whole seconds." },
                    "end": { "type": "integer", "minimum": 1, "description": "Whole seconds." },
                }),
            )
            .file(200, "audio/mpeg"),
        op("post", "/create_video", "A circle, when it is done.")
            .form(
                &["audio_file", "image_file"],
                json!({
                    "audio_file": { "type": "string", "contentMediaType": "application/octet-stream" },
                    "image_file": { "type": "string", "contentMediaType": "application/octet-stream" },
                    "theme": { "type": "string" },
                    "start": { "type": "string", "description": "Seconds (12.5) or m:ss (1:05)." },
                    "end": { "type": "string" },
                    "size": { "type": "integer", "minimum": 240, "maximum": 640 },
                    "fps": { "type": "integer", "enum": [25, 30, 60] },
                    "corners": { "type": "string", "enum": ["black", "cover"] },
                    "rpm": { "type": "string", "description": "16 to 78, or beat." },
                    "title": { "type": "string" },
                    "artist": { "type": "string" },
                    "lyrics": { "type": "string", "description": "The text of an LRC file." },
                    "seed": { "type": "integer", "minimum": 0 },
                    "parameters": { "type": "string", "description": "An object of the theme's parameters as JSON." },
                }),
            )
            .file(200, "video/mp4")
            .errors(&[(410, "A file was removed to make room.")]),
        op("post", "/log-interaction/", "Writes down what somebody did.")
            .json_body("NewInteraction")
            .json(200, "Interaction")
            .errors(insiders)
            .errors(&[(400, "There is no such type of interaction.")]),
        op("get", "/users/{id}", "A person.")
            .whole("id")
            .json(200, "User")
            .errors(insiders)
            .errors(&[(404, "There is no such user.")]),
        page(op("get", "/interactions/", "What everybody did, newest last.")),
        page(op("get", "/interactions/user/{id}", "What one person did, newest last.").whole("id")),
    ]
}
