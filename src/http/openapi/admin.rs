//! What the operator's page asks for, and what watches the service, described.

use serde_json::{Value, json};

use super::operation::Operation;
use super::schemas::{list, maybe, object, of};

const UNSEEN: (u16, &str) = (404, "There is none of this number.");

fn op(method: &'static str, path: &str, summary: &str) -> Operation {
    let operation = Operation::new(method, &format!("/api/v1/admin/{path}"), "admin", summary)
        .secured(&json!([{ "operator": [] }]))
        .errors(&[
            (401, "Nobody is signed in."),
            (
                403,
                "Not with this role, or not without the header `X-Operators-Page: 1`.",
            ),
            (422, "A part of the address or of the query cannot be understood."),
        ]);
    match method {
        "get" => operation,
        _ => operation.parameter(
            "X-Operators-Page",
            "header",
            true,
            json!({ "type": "string", "examples": ["1"] }),
        ),
    }
}

pub fn operations() -> Vec<Operation> {
    let mut all = vec![
        op(
            "post",
            "session",
            "Signs in, by a token or a code; the session is a cookie.",
        )
        .json_body("OperatorKey")
        .json(200, "OperatorSession"),
        op("get", "session", "Who is signed in.").json(200, "OperatorSession"),
        op("delete", "session", "Signs out.").empty(204, "Done."),
        op(
            "get",
            "live",
            "How the service is at this moment, and how its last hour and day were.",
        )
        .json(200, "Live"),
        op(
            "get",
            "numbers",
            "People and circles by day, week and month; what they like.",
        )
        .json(200, "Numbers"),
        op("get", "jobs", "Jobs, the newest first.")
            .query(
                "user",
                false,
                json!({ "type": "string", "description": "The number of a user." }),
            )
            .query(
                "state",
                false,
                json!({ "type": "string", "description": "queued, failed, done..." }),
            )
            .query(
                "before",
                false,
                json!({ "type": "integer", "description": "The next page: jobs numbered below." }),
            )
            .query(
                "name",
                false,
                json!({ "type": "string", "description": "As /api/v1/jobs named it." }),
            )
            .json(200, "FoundJobs"),
        op("get", "jobs/{job}", "The story of one job.")
            .whole("job")
            .json(200, "Story")
            .errors(&[UNSEEN]),
        op(
            "post",
            "jobs/{job}/retry",
            "Makes a job that failed again, as a new one.",
        )
        .whole("job")
        .json(202, "JobNumber")
        .errors(&[UNSEEN, (409, "It cannot be made again.")]),
        op("post", "jobs/{job}/cancel", "Stops a job.")
            .whole("job")
            .empty(204, "Done.")
            .errors(&[UNSEEN, (409, "It is over, or on its way.")]),
        op("get", "blocked", "Whose orders are not taken.").json(200, "BlockedUsers"),
        op("post", "blocked", "Takes no orders from a user any more.")
            .json_body("Block")
            .empty(204, "Done.")
            .errors(&[(400, "An owner cannot be blocked.")]),
        op("delete", "blocked/{user}", "Takes orders from a user again.")
            .empty(204, "Done.")
            .errors(&[UNSEEN]),
        op("get", "keys", "The API keys, but for the keys themselves.").json(200, "ApiKeys"),
        op("post", "keys", "Makes an API key, which is told this once.")
            .json_body("WantedKey")
            .json(201, "NewKey")
            .errors(&[(400, "The name or a number cannot be used.")]),
        op("delete", "keys/{key}", "Has a key no longer taken.")
            .whole("key")
            .empty(204, "Done.")
            .errors(&[UNSEEN]),
        op("get", "audit", "What operators did, the last first.")
            .query(
                "before",
                false,
                json!({ "type": "integer", "description": "The next page: rows numbered below." }),
            )
            .json(200, "Audit"),
        op("post", "drain", "Lets the line run empty, or takes jobs again.")
            .json_body("Drain")
            .empty(204, "Done."),
    ];
    let watched = |path: &str, summary: &str| Operation::new("get", path, "watch", summary);
    all.extend([
        watched("/healthz", "That we answer.").json(200, "Alive"),
        watched("/readyz", "Whether a circle could be made and sent.")
            .json(200, "Ready")
            .json(503, "Ready"),
        watched(
            "/metrics",
            "Figures for Prometheus, for this machine, the operator's own addresses and API keys.",
        )
        .file(200, "text/plain")
        .errors(&[(403, "You are a stranger.")]),
    ]);
    all
}

pub fn schemas() -> Value {
    let (text, whole, number, yes) = (
        json!({ "type": "string" }),
        json!({ "type": "integer" }),
        json!({ "type": "number" }),
        json!({ "type": "boolean" }),
    );
    // 64 bits, which JavaScript's numbers do not hold.
    let user = json!({ "type": "string", "examples": ["42"] });
    let busy = |more: Value| {
        let mut busy = json!({ "people": whole, "circles": whole, "searches": whole });
        if let (Some(busy), Value::Object(more)) = (busy.as_object_mut(), more) {
            busy.extend(more);
        }
        object(busy)
    };
    let line = object(json!({
        "job": whole, "user": user, "state": text, "theme": text, "title": maybe("string"), "artist": maybe("string"),
        "length_ms": whole, "kind": maybe("string"), "words": maybe("string"), "created_ms": whole, "changed_ms": whole,
    }));
    let part = object(json!({ "name": text, "ok": yes, "detail": text }));
    let named = list(object(json!({ "name": text, "circles": whole })));
    json!({
        "OperatorKey": {
            "type": "object",
            "properties": { "token": text, "code": { "type": "string", "description": "As the bot gave it to an owner." } },
        },
        "OperatorSession": object(json!({ "role": { "type": "string", "enum": ["viewer", "admin"] }, "who": text })),
        "JobLine": line,
        "FoundJobs": object(json!({ "jobs": list(of("JobLine")) })),
        "JobNumber": object(json!({ "job": whole })),
        "Live": object(json!({
            "now_ms": whole, "version": text, "up_ms": whole, "draining": yes, "parts": list(part.clone()),
            "lanes": list(object(json!({
                "lane": text, "workers": whole, "up": whole, "broken": whole, "adapter": maybe("string"),
                "encoder": maybe("string"), "passed_over": maybe("array"), "trouble": maybe("string"),
            }))),
            "wanted": object(json!({ "adapter": text, "encoder": text })),
            "disk": object(json!({ "used_bytes": whole, "budget_bytes": whole, "free_bytes": whole })),
            "sources": list(json!({
                "type": "object", "required": ["source", "state"],
                "properties": {
                    "source": text, "state": text, "songs": whole, "calls": whole, "failures": whole,
                    "last_error": maybe("string"),
                },
            })),
            "record": object(json!({
                "queue": object(json!({
                    "queued": whole, "rendering": whole, "sending": whole, "oldest_ms": maybe("integer"),
                })),
                "minutes": list(whole.clone()),
                "stages": list(object(json!({ "stage": text, "circles": whole, "p50_ms": number, "p95_ms": number }))),
                "troubles": list(object(json!({ "state": text, "kind": text, "count": whole }))),
                "examples": list(of("JobLine")),
                "cache": object(json!({ "kept": whole, "bytes": whole, "asked": whole, "found": whole })),
                "database_bytes": whole,
            })),
        })),
        "Numbers": object(json!({
            "days": list(busy(json!({ "date": text }))), "day": busy(json!({})), "week": busy(json!({})),
            "month": busy(json!({})), "songs": named, "themes": named,
        })),
        "Story": object(json!({
            "job": whole, "user": user, "username": maybe("string"), "blocked": yes, "chat": maybe("integer"),
            "state": text, "place": maybe("integer"), "wait_s": maybe("integer"), "spec": { "type": "object" },
            "content_key": maybe("string"), "kind": maybe("string"), "words": maybe("string"), "attempts": whole,
            "deaths": whole, "interruptions": whole, "worker": maybe("string"), "delivery": maybe("string"),
            "stages": { "type": "object", "additionalProperties": number }, "created_ms": whole,
            "claimed_ms": maybe("integer"), "made_ms": maybe("integer"), "changed_ms": whole, "can_retry": yes,
            "can_cancel": yes,
        })),
        "Block": {
            "type": "object", "required": ["user"],
            "properties": { "user": user, "why": { "type": ["string", "null"], "description": "For the other operators." } },
        },
        "BlockedUsers": object(json!({
            "blocked": list(object(json!({ "user": user, "since_ms": whole, "why": text }))),
        })),
        "ApiKeys": object(json!({
            "keys": list(object(json!({
                "key": whole, "name": text, "requests_per_minute": whole, "people": whole, "created_ms": whole,
                "revoked_ms": maybe("integer"),
            }))),
        })),
        "WantedKey": object(json!({ "name": text, "requests_per_minute": whole, "people": whole })),
        "NewKey": object(json!({ "key": whole, "secret": text })),
        "Audit": object(json!({
            "audit": list(object(json!({
                "number": whole, "at_ms": whole, "who": text, "address": text, "action": text, "about": text,
            }))),
        })),
        "Drain": object(json!({ "on": yes })),
        "Alive": object(json!({ "alive": yes })),
        "Ready": object(json!({ "ready": yes, "draining": yes, "parts": list(part) })),
    })
}
