//! One route's description, put together from its parts.

use serde_json::{Value, json};

/// What any route may answer: no key, too slow, too many, busy.
const ANY: [(u16, &str); 5] = [
    (401, "An API key is needed, or the one that was given is not known."),
    (408, "The request did not come to its end."),
    (
        429,
        "Too many requests, or enough of your circles are waiting; `Retry-After` says when to come back.",
    ),
    (431, "The request's headers are too long or too many."),
    (
        503,
        "Not now: the line is full, or a part of the service does not answer; `Retry-After` says when to come back.",
    ),
];

pub struct Operation {
    pub method: &'static str,
    pub path: String,
    pub told: Value,
}

impl Operation {
    pub fn new(method: &'static str, path: &str, tag: &str, summary: &str) -> Self {
        let words: Vec<&str> = path
            .split(|c: char| !c.is_ascii_alphanumeric())
            .filter(|word| !word.is_empty())
            .collect();
        let mut told = json!({
            "tags": [tag], "summary": summary, "operationId": format!("{method}_{}", words.join("_")),
            "parameters": [], "responses": {},
        });
        for (status, about) in ANY {
            told["responses"][status.to_string()] = error(about);
        }
        let operation = Self {
            method,
            path: path.to_owned(),
            told,
        };
        let named = path.split('{').skip(1).filter_map(|rest| rest.split('}').next());
        named.fold(operation, |operation, name| {
            operation.parameter(name, "path", true, json!({ "type": "string" }))
        })
    }

    /// The type of a part of the path, where it is no text.
    pub fn whole(mut self, name: &str) -> Self {
        if let Some(parameters) = self.told["parameters"].as_array_mut() {
            for parameter in parameters.iter_mut().filter(|parameter| parameter["name"] == name) {
                parameter["schema"] = json!({ "type": "integer", "format": "int64" });
            }
        }
        self
    }

    pub fn query(self, name: &str, required: bool, schema: Value) -> Self {
        self.parameter(name, "query", required, schema)
    }

    /// Who may ask it, where that is not whoever may ask anything.
    pub fn secured(mut self, by: &Value) -> Self {
        self.told["security"] = by.clone();
        self
    }

    pub fn parameter(mut self, name: &str, place: &str, required: bool, schema: Value) -> Self {
        if let Some(parameters) = self.told["parameters"].as_array_mut() {
            parameters.push(json!({ "name": name, "in": place, "required": required, "schema": schema }));
        }
        self
    }

    /// A piece of a file may be asked for.
    pub fn ranges(self, kind: &str) -> Self {
        let range = json!({ "type": "string", "examples": ["bytes=0-1023"] });
        self.parameter("Range", "header", false, range)
            .file(200, kind)
            .file(206, kind)
            .empty(304, "It has not changed.")
            .errors(&[(416, "The file is shorter.")])
    }

    pub fn json_body(mut self, schema: &str) -> Self {
        self.told["requestBody"]["required"] = json!(true);
        self.told["requestBody"]["content"]["application/json"] = json!({ "schema": schema_of(schema) });
        self.errors(&[
            (413, "The body is too large."),
            (415, "The body is of another type."),
            (422, "The body cannot be understood."),
        ])
    }

    /// Files and texts of a form; those that must be there first.
    pub fn form(mut self, required: &[&str], fields: Value) -> Self {
        self.told["requestBody"]["required"] = json!(true);
        self.told["requestBody"]["content"]["multipart/form-data"] =
            json!({ "schema": { "type": "object", "required": required, "properties": fields } });
        self.errors(&[
            (400, "The form, a file or a field cannot be used."),
            (413, "A file is too large."),
            (415, "This is no form."),
            (422, "A field is missing or cannot be understood."),
        ])
    }

    pub fn json(mut self, status: u16, schema: &str) -> Self {
        self.told["responses"][status.to_string()] =
            json!({ "description": "Done.", "content": { "application/json": { "schema": schema_of(schema) } } });
        self
    }

    pub fn list(mut self, status: u16, schema: &str) -> Self {
        let list = json!({ "type": "array", "items": schema_of(schema) });
        self.told["responses"][status.to_string()] =
            json!({ "description": "Done.", "content": { "application/json": { "schema": list } } });
        self
    }

    pub fn file(mut self, status: u16, kind: &str) -> Self {
        self.told["responses"][status.to_string()] = json!({ "description": "The file.", "content": { kind: {} } });
        self
    }

    pub fn empty(mut self, status: u16, about: &str) -> Self {
        self.told["responses"][status.to_string()] = json!({ "description": about });
        self
    }

    pub fn errors(mut self, errors: &[(u16, &str)]) -> Self {
        for (status, about) in errors {
            self.told["responses"][status.to_string()] = error(about);
        }
        self
    }
}

fn schema_of(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn error(about: &str) -> Value {
    json!({ "description": about, "content": { "application/json": { "schema": schema_of("Error") } } })
}
