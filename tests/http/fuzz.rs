//! A seeded fuzzer over the description, against the running server: no 5xx but an honest 503, nothing answered that is not
//! described, every body as its schema says.

use reqwest::multipart::Form;
use reqwest::{Method, Response, header};
use serde_json::{Map, Value, json};

use musiccircles::http::openapi;

use super::server::{Server, file, picture_bytes, song_bytes};
use crate::support::sound::Noise;

const SEED: u64 = 20_261_120;
const REQUESTS: usize = 600;

struct Fuzzer {
    noise: Noise,
    description: Value,
    /// Names that mean something.
    names: Vec<String>,
    song: Vec<u8>,
}

impl Fuzzer {
    fn one_of<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.noise.bits() as usize % all.len()].clone()
    }

    fn chance(&mut self, of: u64) -> bool {
        (self.noise.bits() >> 7).is_multiple_of(of)
    }

    fn text(&mut self) -> String {
        let hostile = [
            "",
            " ",
            "../../etc/passwd",
            "\u{0}",
            "'; DROP TABLE jobs; --",
            "𝄞\u{202e}",
            "%00",
            "-1",
            "1e309",
            "null",
            "ё",
        ];
        match self.noise.bits() % 6 {
            0 | 1 => {
                let names = self.names.clone();
                self.one_of(&names)
            }
            2 => "x".repeat((self.noise.bits() % 3_000) as usize),
            3 => (0..self.noise.bits() % 12)
                .map(|_| char::from(32 + (self.noise.bits() % 95) as u8))
                .collect(),
            _ => self.one_of(&hostile).to_owned(),
        }
    }

    /// A value of the schema, or, one time in four, of another.
    fn value(&mut self, schema: &Value) -> Value {
        if self.chance(4) {
            let text = self.text();
            let others = [
                json!(null),
                json!([]),
                json!({}),
                json!(true),
                json!(-1),
                json!(1.5),
                json!(u64::MAX),
                json!(text),
            ];
            return self.one_of(&others);
        }
        if let Some(name) = schema["$ref"].as_str() {
            let schema = self.description["components"]["schemas"][name.rsplit('/').next().unwrap()].clone();
            return self.value(&schema);
        }
        if let Some(choices) = schema["enum"].as_array() {
            return self.one_of(choices);
        }
        let kind = match &schema["type"] {
            Value::Array(kinds) => self.one_of(kinds),
            kind => kind.clone(),
        };
        let (low, high) = (
            schema["minimum"].as_i64().unwrap_or(-3),
            schema["maximum"].as_i64().unwrap_or(90_000),
        );
        match kind.as_str().unwrap_or_default() {
            "integer" => json!(low + (self.noise.bits() as i64 & 0xff_ffff) % (high - low + 1)),
            "number" => json!(f64::from(self.noise.sample()) * 3.0),
            "boolean" => json!(self.chance(2)),
            "null" => json!(null),
            "array" => (0..self.noise.bits() % 3)
                .map(|_| self.value(&schema["items"]))
                .collect(),
            "object" => {
                let mut object = Map::new();
                for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
                    if !self.chance(3) {
                        object.insert(name.clone(), self.value(schema));
                    }
                }
                Value::Object(object)
            }
            _ => json!(self.text()),
        }
    }

    fn plain(&mut self, schema: &Value) -> String {
        match self.value(schema) {
            Value::String(text) => text,
            other => other.to_string(),
        }
    }

    fn form(&mut self, schema: &Value) -> Form {
        let mut form = Form::new();
        for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
            if self.chance(4) {
                continue;
            }
            if schema["contentMediaType"].is_string() {
                let garbage: Vec<u8> = (0..self.noise.bits() % 500).map(|n| n as u8).collect();
                let bytes = self.one_of(&[self.song.clone(), picture_bytes(), garbage]);
                let called = self.text();
                form = form.part(name.clone(), file(bytes, &called));
            } else {
                form = form.text(name.clone(), self.plain(schema));
            }
        }
        form
    }

    /// Sends one request; the operation it was of, and the answer.
    async fn send(&mut self, server: &Server) -> (String, Value, Response) {
        let paths: Vec<(String, Value)> = self.description["paths"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(path, methods)| (path.clone(), methods.clone()))
            .collect();
        let (path, methods) = self.one_of(&paths);
        let methods: Vec<(String, Value)> = methods
            .as_object()
            .unwrap()
            .iter()
            .map(|(method, told)| (method.clone(), told.clone()))
            .collect();
        let (method, operation) = self.one_of(&methods);
        let (mut url, mut query, mut headers) = (path.clone(), Vec::new(), Vec::new());
        for parameter in operation["parameters"].as_array().unwrap() {
            let name = parameter["name"].as_str().unwrap();
            let text = self.plain(&parameter["schema"]);
            match parameter["in"].as_str().unwrap() {
                "path" => {
                    let segment: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
                    url = url.replace(&format!("{{{name}}}"), if segment.is_empty() { "x" } else { &segment });
                }
                "query" if !self.chance(4) => query.push((name.to_owned(), text)),
                "header" if self.chance(2) => headers.push((name.to_owned(), text)),
                _ => {}
            }
        }
        let mut request = server
            .ask(Method::from_bytes(method.to_uppercase().as_bytes()).unwrap(), &url)
            .query(&query);
        for (name, text) in headers {
            if let Ok(value) = header::HeaderValue::from_str(&text) {
                request = request.header(name, value);
            }
        }
        let body = &operation["requestBody"]["content"];
        let kinds: Vec<String> = body
            .as_object()
            .map(|kinds| kinds.keys().cloned().collect())
            .unwrap_or_default();
        if !kinds.is_empty() {
            let kind = self.one_of(&kinds);
            let schema = body[&kind]["schema"].clone();
            request = match &*kind {
                _ if self.chance(12) => request.body(self.text()),
                "application/json" if self.chance(10) => request.header(header::CONTENT_TYPE, &kind).body(self.text()),
                "application/json" => request.json(&self.value(&schema)),
                _ => request.multipart(self.form(&schema)),
            };
        }
        let what = format!("{method} {url} {query:?}");
        (what, operation, request.send().await.unwrap())
    }
}

/// Whether the value is what the schema says; why not, if not.
pub fn check(value: &Value, schema: &Value, all: &Value) -> Result<(), String> {
    if let Some(name) = schema["$ref"].as_str() {
        return check(value, &all[name.rsplit('/').next().unwrap()], all);
    }
    let fits = |kind: &Value| match kind.as_str() {
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("number") => value.is_number(),
        Some("string") => value.is_string(),
        Some("boolean") => value.is_boolean(),
        Some("null") => value.is_null(),
        Some("array") => value.is_array(),
        Some("object") => value.is_object(),
        _ => true,
    };
    let right = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().any(fits),
        kind => fits(kind),
    };
    let listed = schema["enum"].as_array().is_none_or(|known| known.contains(value));
    if !right || !listed {
        return Err(format!("{value} is not {schema}"));
    }
    for item in value.as_array().into_iter().flatten() {
        check(item, &schema["items"], all)?;
    }
    if let Some(object) = value.as_object().filter(|_| schema["properties"].is_object()) {
        for name in schema["required"].as_array().into_iter().flatten() {
            if !object.contains_key(name.as_str().unwrap()) {
                return Err(format!("{name} is missing in {value}"));
            }
        }
        for (name, value) in object {
            let Some(schema) = schema["properties"].get(name) else {
                return Err(format!("`{name}` is not described"));
            };
            check(value, schema, all)?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn whatever_is_sent_the_answer_is_a_described_one() {
    let mut server = Server::start().await;
    let song = server.send_song(song_bytes(3.0)).await;
    let name = song["song"].as_str().unwrap().to_owned();
    let order = json!({ "song": name, "length_ms": 1000 });
    let job: Value = server.post_json("/api/v1/jobs", order).await.json().await.unwrap();
    let names = vec![
        name,
        job["job"].as_str().unwrap().to_owned(),
        "vinyl".to_owned(),
        "library:0".to_owned(),
        "7".to_owned(),
    ];
    let mut fuzzer = Fuzzer {
        noise: Noise::new(SEED),
        description: openapi::description(),
        names,
        song: song_bytes(1.2),
    };
    let schemas = fuzzer.description["components"]["schemas"].clone();
    let mut seen = std::collections::BTreeMap::new();
    for n in 0..REQUESTS {
        let (what, operation, answer) = fuzzer.send(&server).await;
        let status = answer.status().as_u16();
        *seen.entry(status).or_insert(0) += 1;
        assert!(
            status < 500 || [502, 503].contains(&status),
            "request {n}, {what}: {status}"
        );
        assert_eq!(
            status == 503 || status == 429,
            answer.headers().contains_key(header::RETRY_AFTER),
            "{what}: {status}"
        );
        let told = &operation["responses"][status.to_string()];
        assert!(
            told.is_object(),
            "request {n}, {what}: {status} is not described: {}",
            answer.text().await.unwrap()
        );
        let Some(kinds) = told["content"].as_object() else {
            continue;
        };
        // Without its parameters: a description names kinds.
        let kind = answer.headers()[header::CONTENT_TYPE].to_str().unwrap();
        let kind = kind.split(';').next().unwrap().to_owned();
        let family = |known: &str| known.strip_suffix('*').is_some_and(|family| kind.starts_with(family));
        assert!(
            kinds.keys().any(|known| *known == kind || family(known)),
            "{what}: {kind} is not described"
        );
        if kind == "application/json" && kinds["application/json"]["schema"].is_object() {
            let body: Value = answer.json().await.unwrap();
            let right = check(&body, &kinds["application/json"]["schema"], &schemas);
            right.unwrap_or_else(|why| panic!("request {n}, {what}: {status}: {why}"));
        }
    }
    println!("{REQUESTS} requests of seed {SEED}: {seen:?}");
    assert!(seen.keys().any(|status| *status < 300) && seen.keys().any(|status| *status >= 400));
    assert!(server.is_alive() && !server.log().contains("panicked"));
}
