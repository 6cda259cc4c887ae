//! Our own API, from a song to its circle.

use std::time::{Duration, Instant};

use reqwest::multipart::Form;
use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};

use super::server::{PATIENCE, Server, detail, file, heard, picture_bytes, song_bytes};

/// The states that a job's events tell, in their order, to the last.
pub async fn told(server: &Server, events: &str) -> Vec<Value> {
    let text = server.get(events).await.text().await.unwrap();
    assert!(text.contains("event: state"), "{text}");
    let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
    data.map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn a_song_becomes_a_circle_and_everything_about_both_is_told() {
    let server = Server::start().await;
    let song = server.send_song(song_bytes(12.0)).await;
    assert_eq!(
        (&song["duration_ms"], &song["has_cover"]),
        (&json!(12_000), &json!(false))
    );
    let name = song["song"].as_str().unwrap();
    let base = format!("/api/v1/songs/{name}");
    assert_eq!(server.json(&base).await, song);
    assert_eq!(
        server.get(&format!("{base}/cover")).await.status(),
        StatusCode::NOT_FOUND
    );

    let audio = server
        .ask(Method::GET, &format!("{base}/audio"))
        .header(header::RANGE, "bytes=0-3")
        .send()
        .await
        .unwrap();
    assert_eq!(audio.status(), StatusCode::PARTIAL_CONTENT);
    let waveform = server.json(&format!("{base}/waveform?points=100")).await;
    let peaks: Vec<f64> = serde_json::from_value(waveform["peaks"].clone()).unwrap();
    assert_eq!((peaks.len(), &waveform["duration_ms"]), (100, &json!(12_000)));
    assert!(peaks.iter().all(|peak| (0.0..=1.0).contains(peak)) && peaks.iter().any(|peak| *peak > 0.2));
    let survey = server.json(&format!("{base}/survey?length_ms=5000")).await;
    let beats: Vec<u64> = serde_json::from_value(survey["beats_ms"].clone()).unwrap();
    assert!(
        beats.is_sorted() && beats.last().is_none_or(|last| *last <= 12_000),
        "{survey}"
    );
    let best = &survey["highlights"][0];
    assert!(best["end_ms"].as_u64() > best["start_ms"].as_u64(), "{survey}");

    let cover = server
        .post(
            "/api/v1/covers",
            Form::new().part("file", file(picture_bytes(), "c.png")),
        )
        .await;
    assert_eq!(cover.status(), StatusCode::CREATED);
    let cover: Value = cover.json().await.unwrap();
    let square = server
        .get(&format!("/api/v1/covers/{}", cover["cover"].as_str().unwrap()))
        .await;
    assert_eq!(square.headers()[header::CONTENT_TYPE], "image/png");

    let mut order = json!({
        "song": name, "cover": cover["cover"], "start_ms": 2_000, "length_ms": 2_000, "theme": "vinyl",
        "parameters": { "glow": 1.5, "needle": false }, "speed": 45, "title": "Проба", "artist": "Test",
    });
    let job = server.post_json("/api/v1/jobs", order.clone()).await;
    assert_eq!(job.status(), StatusCode::ACCEPTED);
    let location = job.headers()[header::LOCATION].to_str().unwrap().to_owned();
    let job: Value = job.json().await.unwrap();
    assert!(
        ["queued", "rendering"].contains(&job["state"].as_str().unwrap()),
        "{job}"
    );
    let states = told(&server, job["events"].as_str().unwrap()).await;
    let last = states.last().unwrap();
    assert_eq!(
        (&last["state"], &last["percent"]),
        (&json!("done"), &json!(100)),
        "{states:?}"
    );
    assert_eq!(server.json(&location).await, *last);

    let result = last["result"].as_str().unwrap();
    let circle = server.get(result).await;
    let tag = circle.headers()[header::ETAG].clone();
    assert!(circle.headers().get(header::CONTENT_DISPOSITION).is_none());
    let bytes = circle.bytes().await.unwrap();
    assert!((heard(&bytes, "mp4").0 - 2.0).abs() < 0.1);
    let known = server
        .ask(Method::GET, result)
        .header(header::IF_NONE_MATCH, tag)
        .send()
        .await
        .unwrap();
    assert_eq!(known.status(), StatusCode::NOT_MODIFIED);
    let end = server
        .ask(Method::GET, result)
        .header(header::RANGE, "bytes=-10")
        .send()
        .await
        .unwrap();
    assert_eq!(end.bytes().await.unwrap(), bytes[bytes.len() - 10..]);
    let beyond = server
        .ask(Method::GET, result)
        .header(header::RANGE, "bytes=99999999-")
        .send()
        .await
        .unwrap();
    assert_eq!(beyond.status(), StatusCode::RANGE_NOT_SATISFIABLE);
    let saved = server.get(&format!("{result}?download=1")).await;
    let name = saved.headers()[header::CONTENT_DISPOSITION].to_str().unwrap();
    assert!(
        name.starts_with("attachment") && name.ends_with("%D0%9F%D1%80%D0%BE%D0%B1%D0%B0.mp4"),
        "{name}"
    );

    // The same again is there at once, and drawn by nobody.
    let began = Instant::now();
    let again: Value = server
        .post_json("/api/v1/jobs", order.clone())
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(again["state"], "done", "{again}");
    assert!(began.elapsed() < Duration::from_secs(2));
    assert_eq!(server.rendered(), 1);

    order["at_ms"] = json!(500);
    let still = server.post_json("/api/v1/frames", order.clone()).await;
    assert_eq!(still.headers()[header::CONTENT_TYPE], "image/png");
    assert!(still.bytes().await.unwrap().starts_with(b"\x89PNG"));
    order["at_ms"] = json!(2_000);
    assert_eq!(
        server.post_json("/api/v1/frames", order).await.status(),
        StatusCode::BAD_REQUEST
    );
}

#[tokio::test]
async fn a_circle_is_ordered_by_a_form_and_taken_back() {
    let server = Server::with(&[("RENDER__SIZE", "640"), ("RENDER__FPS", "60")]).await;
    let form = || {
        Form::new()
            .part("audio", file(song_bytes(60.0), "song.wav"))
            .part("image", file(picture_bytes(), "cover.png"))
            .text("theme", "cover")
            .text("parameters", r#"{"glow": 0.5}"#)
    };
    let mut jobs = Vec::new();
    for _ in 0..2 {
        let job = server
            .post("/api/v1/jobs", form().text("seed", jobs.len().to_string()))
            .await;
        assert_eq!(job.status(), StatusCode::ACCEPTED);
        let job: Value = job.json().await.unwrap();
        jobs.push(format!("/api/v1/jobs/{}", job["job"].as_str().unwrap()));
    }
    assert_eq!(
        server.get(&format!("{}/circle.mp4", jobs[1])).await.status(),
        StatusCode::CONFLICT
    );
    // The one that waits is taken out at once, the one that is rendered soon.
    for path in jobs.iter().rev() {
        let answer = server.ask(Method::DELETE, path).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        let states = told(&server, &format!("{path}/events")).await;
        assert_eq!(states.last().unwrap()["state"], "cancelled", "{states:?}");
        assert_eq!(
            server.get(&format!("{path}/circle.mp4")).await.status(),
            StatusCode::NOT_FOUND
        );
    }
    let unknown = format!("/api/v1/jobs/{}", "0".repeat(32));
    assert_eq!(server.get(&unknown).await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_line_that_is_full_says_when_to_come_back() {
    let server = Server::with(&[("RENDER__SIZE", "640"), ("LIMITS__QUEUE_SECONDS", "1")]).await;
    let song = server.send_song(song_bytes(60.0)).await;
    let mut refused = None;
    for seed in 0..10 {
        let order = json!({ "song": song["song"], "seed": seed });
        let answer = server.post_json("/api/v1/jobs", order).await;
        if answer.status() != StatusCode::ACCEPTED {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("ten minutes of circles were taken on in a line of one second");
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    let wait: u32 = refused.headers()[header::RETRY_AFTER]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!(wait > 0 && detail(refused).await.contains("come back"));
}

#[tokio::test]
async fn the_studio_and_the_docs_come_out_of_the_program_under_a_strict_policy() {
    let server = Server::start().await;
    let page = server.get("/").await;
    let policy = page.headers()[header::CONTENT_SECURITY_POLICY]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(
        policy.contains("script-src 'self'") && !policy.contains("unsafe"),
        "{policy}"
    );
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
    ] {
        assert_eq!(page.headers()[name], value);
    }
    let tag = page.headers()[header::ETAG].clone();
    let again = server
        .ask(Method::GET, "/")
        .header(header::IF_NONE_MATCH, tag)
        .send()
        .await
        .unwrap();
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);

    let docs = server.get("/docs").await.text().await.unwrap();
    let linked: Vec<&str> = docs
        .split("=\"/docs/")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    assert_eq!(linked.len(), 3);
    for name in linked {
        let file = server.get(&format!("/docs/{name}")).await;
        assert_eq!(file.status(), StatusCode::OK, "{name}");
        assert!(!file.bytes().await.unwrap().is_empty());
    }
    assert!(!docs.contains("http://") && !docs.contains("https://"));
    assert!(
        server.get("/docs").await.headers()[header::CONTENT_SECURITY_POLICY]
            .to_str()
            .unwrap()
            .contains("script-src 'self'")
    );

    let themes = server.json("/api/v1/themes").await;
    for theme in themes["themes"].as_array().unwrap() {
        let preview = server.get(theme["preview"].as_str().unwrap()).await;
        assert_eq!(
            preview.headers()[header::CONTENT_TYPE],
            "image/jpeg",
            "{}",
            theme["name"]
        );
    }
}

#[tokio::test]
async fn other_sites_may_use_the_api_only_where_they_are_named() {
    let server = Server::with(&[("HTTP__CORS_ORIGINS", "https://friend.example")]).await;
    let asked = |origin: &'static str| {
        let request = server
            .ask(Method::OPTIONS, "/api/v1/jobs")
            .header(header::ORIGIN, origin);
        request.header(header::ACCESS_CONTROL_REQUEST_METHOD, "POST").send()
    };
    let friend = asked("https://friend.example").await.unwrap();
    assert_eq!(
        friend.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN],
        "https://friend.example"
    );
    let stranger = asked("https://stranger.example").await.unwrap();
    assert!(stranger.headers().get(header::ACCESS_CONTROL_ALLOW_ORIGIN).is_none());
    assert!(tokio::time::timeout(PATIENCE, server.get("/health")).await.is_ok());
}
