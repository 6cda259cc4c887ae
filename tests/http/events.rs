//! A circle watched from the line to its end: what its events tell never goes back, and the last one is the end.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::own::told;
use super::server::{Server, song_bytes};

/// Asks for a circle; where its events are.
async fn ordered(server: &Server, order: Value) -> String {
    let answer = server.post_json("/api/v1/jobs", order).await;
    assert_eq!(answer.status(), StatusCode::ACCEPTED);
    let job: Value = answer.json().await.unwrap();
    job["events"].as_str().unwrap().to_owned()
}

fn is_over(told: &Value) -> bool {
    ["done", "failed", "cancelled"].contains(&told["state"].as_str().unwrap())
}

fn numbers(states: &[Value], name: &str) -> Vec<u64> {
    states.iter().filter_map(|told| told[name].as_u64()).collect()
}

#[tokio::test]
async fn events_lead_from_a_place_in_the_line_to_the_end_and_never_back() {
    let server = Server::with(&[("LIMITS__QUEUE_SECONDS", "3600")]).await;
    let song = server.send_song(song_bytes(12.0)).await;
    let order = |seed: u64, size_px: u64, length_ms: u64| json!({ "song": song["song"], "seed": seed, "size_px": size_px, "length_ms": length_ms });
    // One is drawn, one waits, and then comes the one that is watched.
    ordered(&server, order(0, 640, 10_000)).await;
    ordered(&server, order(1, 240, 1_000)).await;
    let events = ordered(&server, order(2, 640, 5_000)).await;
    let states = told(&server, &events).await;

    let (waiting, others): (Vec<_>, Vec<_>) = states.iter().cloned().partition(|told| told["state"] == "queued");
    assert_eq!(states[..waiting.len()], waiting, "back in the line: {states:?}");
    let places = numbers(&waiting, "place");
    assert!(places[0] >= 1, "nobody is told to be before it: {waiting:?}");
    assert!(
        places.len() == waiting.len() && places.is_sorted_by(|a, b| a >= b),
        "{places:?}"
    );
    assert_eq!(numbers(&waiting, "wait_seconds").len(), waiting.len());
    assert_eq!(numbers(&others, "place"), [0; 0], "{others:?}");

    let percents = numbers(&states, "percent");
    assert!(
        percents.len() == states.len() && percents.is_sorted(),
        "percents fall: {percents:?}"
    );
    assert!(
        percents.iter().any(|percent| (1..100).contains(percent)),
        "nothing between the line and the end: {percents:?}"
    );
    let (last, before) = states.split_last().unwrap();
    assert_eq!((&last["state"], &last["percent"]), (&json!("done"), &json!(100)));
    assert!(!before.iter().any(is_over), "{states:?}");
    assert!(before.windows(2).all(|two| two[0] != two[1]), "said twice: {states:?}");
    // Who comes late hears the end, and nothing else.
    assert_eq!(told(&server, &events).await, std::slice::from_ref(last));
}

#[tokio::test]
async fn the_last_event_of_a_circle_that_cannot_be_made_says_why() {
    let server = Server::start().await;
    let song = server.send_song(song_bytes(3.0)).await;
    let order =
        json!({ "song": song["song"], "length_ms": 1000, "theme": "lyrics", "lyrics": "words without their times" });
    let events = ordered(&server, order).await;
    let states = told(&server, &events).await;
    let (last, before) = states.split_last().unwrap();
    assert_eq!(
        (&last["state"], &last["percent"], &last["result"]),
        (&json!("failed"), &json!(null), &json!(null))
    );
    assert!(last["detail"].as_str().unwrap().contains("lyrics have no times"));
    assert!(!before.iter().any(is_over), "{states:?}");
}
