//! What is sent and answered, as JSON Schema. Every field that is always there is required, so that a test can tell.

use serde_json::{Value, json};

/// An object all of whose fields are there.
pub fn object(fields: Value) -> Value {
    let required: Vec<&String> = fields
        .as_object()
        .map(|fields| fields.keys().collect())
        .unwrap_or_default();
    json!({ "type": "object", "required": required, "properties": fields })
}

pub fn of(schema: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{schema}") })
}

pub fn list(items: Value) -> Value {
    json!({ "type": "array", "items": items })
}

/// A text or nothing, a number or nothing.
pub fn maybe(kind: &str) -> Value {
    json!({ "type": [kind, "null"] })
}

pub fn all() -> Value {
    let (text, whole, number) = (
        json!({ "type": "string" }),
        json!({ "type": "integer" }),
        json!({ "type": "number" }),
    );
    let localized = object(json!({ "en": text, "ru": text }));
    let order = json!({
        "song": { "type": "string", "description": "As POST /api/v1/songs named it; or else `track`." },
        "track": { "type": "string", "description": "The id of a song that a search found; it is fetched first." },
        "cover": { "type": "string", "description": "As POST /api/v1/covers named it; else the song's own." },
        "start_ms": { "type": "integer", "minimum": 0, "default": 0 },
        "length_ms": { "type": "integer", "minimum": 1000, "maximum": 60000 },
        "theme": text,
        "parameters": { "type": "object", "additionalProperties": { "type": ["number", "string", "boolean"] } },
        "speed": { "type": ["number", "string"], "description": "16 to 78 turns a minute, or beat." },
        "size_px": { "type": "integer", "minimum": 240, "maximum": 640, "multipleOf": 2 },
        "fps": { "type": "integer", "enum": [25, 30, 60] },
        "corners": {
            "type": "string", "enum": ["black", "cover"], "default": "black",
            "description": "What is seen outside the circle where it is shown square: nothing, or the cover out of focus.",
        },
        "title": text, "artist": text,
        "lyrics": { "type": "string", "description": "The text of an LRC file." },
        "seed": { "type": "integer", "minimum": 0 },
    });
    let mut moment = order.clone();
    moment["at_ms"] = json!({ "type": "integer", "minimum": 0, "description": "From the fragment's start." });
    json!({
        "Error": object(json!({ "detail": text })),
        "Health": object(json!({ "status": text })),
        "SearchResults": object(json!({
            "results": list(object(json!({ "id": text, "title": text, "artists": list(text.clone()), "duration": whole }))),
        })),
        "TrackInfo": object(json!({
            "title": text, "artists": list(object(json!({ "id": whole, "name": text }))), "duration": whole,
        })),
        "NewInteraction": {
            "type": "object", "required": ["user_id", "interaction_type"],
            "properties": {
                "user_id": whole, "username": maybe("string"),
                "interaction_type": { "type": "string", "enum": ["Поиск песни", "Создание видео"] },
            },
        },
        "Interaction": object(json!({
            "interaction_id": whole, "user_id": whole, "username": maybe("string"), "interaction_type": text,
            "interaction_date": { "type": "string", "description": "UTC." },
        })),
        "User": object(json!({ "user_id": whole, "username": maybe("string") })),
        "Themes": object(json!({ "themes": list(of("Theme")) })),
        "Theme": object(json!({
            "name": text, "title": localized, "author": text, "about": { "type": ["object", "null"] },
            "loops": { "type": "boolean" }, "shows_lyrics": { "type": "boolean" },
            "parameters": list(of("Parameter")), "preview": text, "clip": text,
        })),
        "Parameter": object(json!({
            "name": text, "title": localized, "kind": { "type": "string", "enum": ["number", "switch", "choice", "color"] },
            "min": maybe("number"), "max": maybe("number"), "step": maybe("number"),
            "default": { "type": ["number", "boolean", "string"] }, "choices": { "type": ["array", "null"] },
        })),
        "Tracks": object(json!({
            "tracks": list(object(json!({
                "id": text, "title": text, "artists": list(text.clone()), "duration_ms": maybe("integer"),
                "preview_only": { "type": "boolean" }, "cover": maybe("string"),
            }))),
        })),
        "ChosenTrack": object(json!({ "track": { "type": "string", "examples": ["library:0123456789abcdef"] } })),
        "Song": object(json!({
            "song": text, "title": maybe("string"), "artist": maybe("string"), "duration_ms": whole,
            "has_cover": { "type": "boolean" }, "limited_to_ms": maybe("integer"),
        })),
        "InitData": object(json!({ "init_data": { "type": "string", "description": "Telegram.WebApp.initData." } })),
        "Session": object(json!({
            "session": text, "expires_in_seconds": whole, "user_id": whole, "language": maybe("string"),
        })),
        "Cover": object(json!({ "cover": text })),
        "Waveform": object(json!({ "duration_ms": whole, "peaks": list(number.clone()) })),
        "Survey": object(json!({
            "tempo_bpm": maybe("number"), "integrated_lufs": maybe("number"), "beats_ms": list(whole.clone()),
            "highlights": list(object(json!({ "start_ms": whole, "end_ms": whole, "score": number }))),
        })),
        "Features": object(json!({
            "fps": whole, "tempo_bpm": maybe("number"), "beats_secs": list(number.clone()),
            "rms": list(number.clone()), "loudness": list(number.clone()), "bass": list(number.clone()),
            "mid": list(number.clone()), "treble": list(number.clone()), "onset": list(number.clone()),
            "beat_phase": list(number.clone()), "bands": list(list(number.clone())),
        })),
        "Order": { "type": "object", "properties": order },
        "Moment": { "type": "object", "required": ["at_ms"], "properties": moment },
        "Job": {
            "type": "object",
            "required": ["job", "state", "place", "wait_seconds", "percent", "seconds_left", "events", "result"],
            "properties": {
                "job": text, "state": { "type": "string", "enum": ["queued", "rendering", "sending", "done", "failed", "cancelled"] },
                "place": maybe("integer"), "wait_seconds": maybe("integer"), "percent": maybe("integer"),
                "seconds_left": maybe("integer"), "detail": text, "kind": text, "events": text, "result": maybe("string"),
            },
        },
    })
}
