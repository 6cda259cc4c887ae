//! `/metrics` as Prometheus reads it, and the files for it that come with the program: they name nothing that is not there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use musiccircles::telemetry::figures::{ALL, Kind};
use reqwest::{Method, StatusCode, header};
use serde_json::Value;

use super::desk::Desk;
use crate::http::server::song_bytes;

#[derive(Debug)]
struct Sample {
    name: String,
    labels: BTreeMap<String, String>,
    value: f64,
}

/// The text format, strictly: every family described and typed before its first sample, and in one piece.
fn read(text: &str) -> (BTreeMap<String, String>, Vec<Sample>) {
    assert!(text.ends_with('\n'));
    let (mut types, mut samples, mut helped) = (BTreeMap::new(), Vec::new(), BTreeSet::new());
    let mut current = String::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, words) = help.split_once(' ').expect(line);
            assert!(helped.insert(name.to_owned()) && !words.is_empty(), "{line}");
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').expect(line);
            assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
            assert!(helped.contains(name), "not described: {line}");
            assert!(
                types.insert(name.to_owned(), kind.to_owned()).is_none(),
                "twice: {line}"
            );
            name.clone_into(&mut current);
        } else {
            let sample = sample(line);
            assert_eq!(family(&sample.name, &types), current, "{line}");
            samples.push(sample);
        }
    }
    (types, samples)
}

fn sample(line: &str) -> Sample {
    let (series, value) = line.rsplit_once(' ').expect(line);
    let (name, labels) = match series.split_once('{') {
        Some((name, labels)) => (name, labels.strip_suffix('}').expect(line)),
        None => (series, ""),
    };
    let named = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    assert!(named(name), "{line}");
    let mut found = BTreeMap::new();
    let mut rest = labels;
    while !rest.is_empty() {
        let (label, value) = rest.split_once("=\"").expect(line);
        assert!(named(label), "{line}");
        // None of ours has a quote in it.
        let (value, after) = value.split_once('"').expect(line);
        assert!(!value.contains('\\'), "{line}");
        assert!(found.insert(label.to_owned(), value.to_owned()).is_none(), "{line}");
        rest = after.strip_prefix(',').unwrap_or(after);
    }
    let value = if value == "+Inf" {
        f64::INFINITY
    } else {
        value.parse().expect(line)
    };
    Sample {
        name: name.to_owned(),
        labels: found,
        value,
    }
}

fn family(name: &str, types: &BTreeMap<String, String>) -> String {
    let bare = ["_bucket", "_sum", "_count"]
        .iter()
        .find_map(|end| name.strip_suffix(end));
    let histogram = bare.filter(|bare| types.get(*bare).is_some_and(|kind| kind == "histogram"));
    histogram.unwrap_or(name).to_owned()
}

fn value(samples: &[Sample], name: &str, labels: &[(&str, &str)]) -> f64 {
    let fits = |sample: &&Sample| {
        sample.name == name
            && labels
                .iter()
                .all(|(label, value)| sample.labels.get(*label).is_some_and(|v| v == value))
    };
    samples.iter().filter(fits).map(|sample| sample.value).sum()
}

#[tokio::test]
async fn prometheus_can_read_what_was_counted() {
    // A proxy is trusted at this address: who comes from there by themselves is known by the list alone.
    let desk = Desk::with(&[("HTTP__UNLIMITED", "127.0.0.1")]).await;
    let server = &desk.server;
    let song = server.send_song(song_bytes(2.0)).await;
    let order = serde_json::json!({ "song": song["song"], "start_ms": 0, "length_ms": 1000, "theme": "vinyl" });
    let job: Value = server
        .post_json("/api/v1/jobs", order.clone())
        .await
        .json()
        .await
        .unwrap();
    let path = format!("/api/v1/jobs/{}", job["job"].as_str().unwrap());
    while server.json(&path).await["state"] != "done" {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    // The same again is there already, and as done as the one that was drawn.
    let again: Value = server.post_json("/api/v1/jobs", order).await.json().await.unwrap();
    assert_eq!(again["state"], "done");
    server.get("/api/v1/songs/../../etc/passwd?x=%22%0a").await;
    server.get("/an/address/nobody/has\"}").await;
    let answer = server.get("/metrics").await;
    let kind = answer.headers()[header::CONTENT_TYPE].to_str().unwrap().to_owned();
    assert!(kind.starts_with("text/plain; version=0.0.4"), "{kind}");
    let text = answer.text().await.unwrap();
    let (types, samples) = read(&text);
    for (name, kind) in &types {
        let known = ALL
            .iter()
            .find(|figure| figure.name == name)
            .unwrap_or_else(|| panic!("{name} is not in the list"));
        assert_eq!(format!("{:?}", known.kind).to_lowercase(), *kind, "{name}");
    }
    for (state, least) in [("queued", 1.0), ("rendering", 1.0), ("done", 2.0)] {
        assert!(
            value(&samples, "musiccircles_jobs_total", &[("state", state)]) >= least,
            "{state}: {text}"
        );
    }
    for stage in ["decode", "analyse", "render", "encode_video", "encode_audio", "mux"] {
        let count = value(&samples, "musiccircles_job_stage_seconds_count", &[("stage", stage)]);
        assert_eq!(count, 1.0, "{stage}");
    }
    assert_eq!(value(&samples, "musiccircles_circles_cached_total", &[]), 1.0);
    assert_eq!(value(&samples, "musiccircles_queue_jobs", &[("state", "queued")]), 0.0);
    assert_eq!(
        value(&samples, "musiccircles_workers", &[("lane", "render"), ("state", "up")]),
        1.0
    );
    assert!(value(&samples, "musiccircles_disk_bytes", &[("kind", "used")]) > 0.0);
    assert!(value(&samples, "musiccircles_database_bytes", &[]) > 4096.0);
    assert!(value(&samples, "process_resident_memory_bytes", &[]) > 1e6);
    let route = ("route", "/api/v1/jobs/{job}");
    assert!(
        value(
            &samples,
            "musiccircles_http_requests_total",
            &[route, ("status", "200"), ("method", "GET")]
        ) >= 1.0
    );
    assert!(
        !text.contains("passwd") && !text.contains("nobody"),
        "an address of a stranger is a label"
    );
    histograms_add_up(&samples, &types);
}

fn histograms_add_up(samples: &[Sample], types: &BTreeMap<String, String>) {
    let mut looked_at = 0;
    for (name, _) in types.iter().filter(|(_, kind)| *kind == "histogram") {
        let mut series: BTreeMap<_, Vec<(f64, f64)>> = BTreeMap::new();
        for sample in samples.iter().filter(|sample| sample.name == format!("{name}_bucket")) {
            let mut labels = sample.labels.clone();
            let edge = labels.remove("le").unwrap();
            let edge = if edge == "+Inf" {
                f64::INFINITY
            } else {
                edge.parse().unwrap()
            };
            series.entry(labels).or_default().push((edge, sample.value));
        }
        for (labels, buckets) in series {
            assert!(
                buckets.is_sorted_by(|a, b| a.0 < b.0 && a.1 <= b.1),
                "{name}: {buckets:?}"
            );
            let (edge, all) = *buckets.last().unwrap();
            let labels: Vec<_> = labels
                .iter()
                .map(|(label, value)| (label.as_str(), value.as_str()))
                .collect();
            assert!(edge.is_infinite() && all == value(samples, &format!("{name}_count"), &labels));
            looked_at += 1;
        }
    }
    assert!(looked_at >= 8, "{looked_at}");
}

#[tokio::test]
async fn figures_are_for_this_machine_and_for_keys() {
    let desk = Desk::open().await;
    let stranger = desk
        .server
        .ask(Method::GET, "/metrics")
        .header("x-forwarded-for", "192.0.2.1");
    assert_eq!(stranger.send().await.unwrap().status(), StatusCode::FORBIDDEN);
    let admin = desk.admin().await;
    let body = serde_json::json!({ "name": "Prometheus", "requests_per_minute": 60, "people": 1 });
    let made: Value = admin.post("keys", body).await.json().await.unwrap();
    let known = desk
        .server
        .ask(Method::GET, "/metrics")
        .header("x-forwarded-for", "192.0.2.1");
    let known = known.bearer_auth(made["secret"].as_str().unwrap());
    assert_eq!(known.send().await.unwrap().status(), StatusCode::OK);
}

fn operating(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("assets/operating")
        .join(name)
}

/// Every name of ours in an expression, with how it is told: a histogram has buckets, a sum and a count.
fn names(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    let ours = |word: &&str| word.starts_with("musiccircles_") || word.starts_with("process_");
    words.filter(ours).map(str::to_owned).collect()
}

fn is_told(name: &str) -> bool {
    ALL.iter().any(|figure| match figure.kind {
        Kind::Histogram => ["_bucket", "_sum", "_count"]
            .iter()
            .any(|end| name == format!("{}{end}", figure.name)),
        _ => name == figure.name,
    })
}

#[test]
fn dashboard_and_alerts_name_what_is_there() {
    let dashboard: Value = serde_json::from_str(&fs::read_to_string(operating("grafana.json")).unwrap()).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let mut asked = BTreeSet::new();
    for panel in panels.iter().filter(|panel| panel["type"] != "row") {
        let targets = panel["targets"].as_array().expect("a panel without a question");
        assert!(!targets.is_empty() && panel["title"].is_string(), "{panel}");
        for target in targets {
            let found = names(target["expr"].as_str().unwrap());
            assert!(!found.is_empty(), "{target}");
            asked.extend(found);
        }
    }
    let alerts = fs::read_to_string(operating("alerts.yml")).unwrap();
    let expressions: Vec<_> = alerts
        .lines()
        .filter_map(|line| line.trim().strip_prefix("expr: "))
        .collect();
    assert_eq!(expressions.len(), alerts.matches("- alert: ").count());
    assert_eq!(expressions.len(), alerts.matches("summary: ").count());
    assert!(expressions.len() >= 8);
    for expression in expressions {
        let found = names(expression);
        assert!(!found.is_empty() || expression.contains("up{"), "{expression}");
        asked.extend(found);
    }
    for name in &asked {
        assert!(is_told(name), "{name} is told nowhere");
    }
    // And nothing that is counted is looked at by nobody.
    for figure in ALL {
        assert!(
            asked.iter().any(|name| name.starts_with(figure.name)),
            "nobody looks at {}",
            figure.name
        );
    }
}
