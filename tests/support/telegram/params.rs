//! A request's parameters, however they were written: in the address, as a form, as JSON, or as `multipart/form-data` with
//! files. Every value is kept as text; what is an object in Telegram's documents is JSON in that text.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::http::{Head, find};

#[derive(Default)]
pub struct Params {
    fields: BTreeMap<String, String>,
    files: BTreeMap<String, Upload>,
}

/// A file that came with the request.
#[derive(Clone)]
pub struct Upload {
    pub name: String,
    pub mime: String,
    pub bytes: Vec<u8>,
}

impl Params {
    pub fn read(head: &Head, body: &[u8]) -> Self {
        let mut params = Self::default();
        params.read_form(&head.query);
        let kind = head.header("content-type").unwrap_or_default();
        if kind.starts_with("application/json") {
            params.read_json(body);
        } else if let Some((_, boundary)) = kind.split_once("boundary=") {
            params.read_multipart(boundary.trim_matches('"').as_bytes(), body);
        } else {
            params.read_form(&String::from_utf8_lossy(body));
        }
        params
    }

    fn read_form(&mut self, text: &str) {
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            self.fields.insert(unescape(name), unescape(value));
        }
    }

    fn read_json(&mut self, body: &[u8]) {
        let Ok(Value::Object(fields)) = serde_json::from_slice(body) else {
            return;
        };
        for (name, value) in fields {
            match value {
                Value::Null => {}
                Value::String(text) => drop(self.fields.insert(name, text)),
                other => drop(self.fields.insert(name, other.to_string())),
            }
        }
    }

    fn read_multipart(&mut self, boundary: &[u8], body: &[u8]) {
        let delimiter = [b"--", boundary].concat();
        let mut rest = body;
        while let Some(start) = find(rest, &delimiter) {
            rest = &rest[start + delimiter.len()..];
            let Some(end) = find(rest, &delimiter) else { break };
            // Between the delimiters: a line end, headers, an empty line, the content, a line end.
            let part = rest[..end].strip_prefix(b"\r\n").unwrap_or(&rest[..end]);
            let part = part.strip_suffix(b"\r\n").unwrap_or(part);
            if let Some(split) = find(part, b"\r\n\r\n") {
                self.read_part(&String::from_utf8_lossy(&part[..split]), &part[split + 4..]);
            }
        }
    }

    fn read_part(&mut self, headers: &str, content: &[u8]) {
        let Some(name) = quoted(headers, "; name=") else {
            return;
        };
        match quoted(headers, "; filename=") {
            Some(file_name) => {
                let mime = headers.lines().find_map(|line| {
                    let (key, value) = line.split_once(':')?;
                    key.eq_ignore_ascii_case("content-type")
                        .then(|| value.trim().to_owned())
                });
                let upload = Upload {
                    name: file_name,
                    mime: mime.unwrap_or_else(|| "application/octet-stream".to_owned()),
                    bytes: content.to_vec(),
                };
                self.files.insert(name, upload);
            }
            None => drop(self.fields.insert(name, String::from_utf8_lossy(content).into_owned())),
        }
    }

    pub fn text(&self, name: &str) -> Option<&str> {
        self.fields.get(name).map(String::as_str)
    }

    pub fn parsed<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        serde_json::from_str(self.text(name)?).ok()
    }

    pub fn number(&self, name: &str) -> Option<i64> {
        self.text(name)?.trim().parse().ok()
    }

    pub fn flag(&self, name: &str) -> bool {
        matches!(self.text(name), Some("true" | "True" | "1"))
    }

    /// The file of a parameter: under its own name, or attached under another.
    pub fn upload(&self, name: &str) -> Option<&Upload> {
        self.attached(self.text(name).unwrap_or_default())
            .or_else(|| self.files.get(name))
    }

    /// The file behind `attach://...`.
    pub fn attached(&self, value: &str) -> Option<&Upload> {
        self.files.get(value.strip_prefix("attach://")?)
    }
}

fn quoted(headers: &str, key: &str) -> Option<String> {
    let rest = &headers[headers.find(key)? + key.len()..];
    Some(rest.strip_prefix('"')?.split('"').next()?.to_owned())
}

pub fn unescape(text: &str) -> String {
    let bytes = text.as_bytes();
    let (mut plain, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        let escaped = (bytes[at] == b'%')
            .then(|| text.get(at + 1..at + 3))
            .flatten()
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match escaped {
            Some(byte) => {
                plain.push(byte);
                at += 2;
            }
            None if bytes[at] == b'+' => plain.push(b' '),
            None => plain.push(bytes[at]),
        }
        at += 1;
    }
    String::from_utf8_lossy(&plain).into_owned()
}
