//! What serde says of a value that is not as it should be, in words for whoever sent it: the place and what is wanted there,
//! and nothing of how we read it.

/// A place is at most so long, and so is what was given.
const CHARS: usize = 60;

/// `told` is serde's sentence, with the path of the value before it (`user_id: invalid type: ...`) if that is known.
pub fn sentence(told: &str) -> String {
    let told = told.split(" at line ").next().unwrap_or(told);
    let quoted = |from: &str| {
        let name = from.split('`').next().unwrap_or_default();
        name.chars().filter(|c| !c.is_control()).take(CHARS).collect::<String>()
    };
    let (place, what) = match told.split_once(": ") {
        Some((place, what)) if is_place(place) => (format!("`{place}`"), what),
        _ => ("this".to_owned(), told),
    };
    if let Some(rest) = what.strip_prefix("missing field `") {
        return format!("`{}` is missing", quoted(rest));
    }
    if let Some(rest) = what.strip_prefix("duplicate field `") {
        return format!("`{}` is there twice", quoted(rest));
    }
    if let Some(rest) = what.strip_prefix("unknown field `") {
        return format!(
            "there is no field `{}` here; see /docs for those there are",
            quoted(rest)
        );
    }
    if what.starts_with("invalid value: integer `") && !what.contains("`-") {
        return format!("{place} is too large a number");
    }
    if what.starts_with("unknown variant") {
        let known: Vec<&str> = what.split('`').skip(3).step_by(2).collect();
        return format!("{place} must be one of: {}", known.join(", "));
    }
    let wanted = what.rsplit("expected ").next().unwrap_or_default();
    let wanted = match wanted {
        _ if what.contains("invalid digit") || what.contains("number too") => "a whole number",
        "i64" | "i32" => "a whole number",
        "u64" | "u32" | "u8" | "usize" => "a whole number, 0 or more",
        "f64" | "f32" => "a number",
        "a string" | "string or map" => "a text",
        "a boolean" => "true or false",
        "a map" => "an object of JSON",
        wanted if wanted.starts_with("struct ") => "an object of JSON",
        wanted if wanted.starts_with("a ") || wanted.starts_with("an ") => wanted,
        _ => return format!("{place} cannot be understood; see /docs for what is expected"),
    };
    format!("{place} must be {wanted}")
}

/// Of fields and numbers: `record.songs[3].title`.
fn is_place(text: &str) -> bool {
    let named = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '[' | ']');
    !text.is_empty() && text.len() <= CHARS && text.chars().all(named)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::{Value, json};

    use super::sentence;

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Corners {
        Black,
        Cover,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Order {
        number: i64,
        size: Option<u32>,
        title: Option<String>,
        on: Option<bool>,
        corners: Option<Corners>,
    }

    fn told(value: Value) -> String {
        let error = serde_json::from_value::<Order>(value).unwrap_err();
        sentence(&error.to_string())
    }

    #[test]
    fn nothing_of_serde_is_left() {
        let cases = [
            (json!({}), "`number` is missing"),
            (json!([]), "this must be an object of JSON"),
            (json!("x"), "this must be an object of JSON"),
            (json!({ "number": "1" }), "this must be a whole number"),
            (
                json!({ "number": 1, "size": -5 }),
                "this must be a whole number, 0 or more",
            ),
            (
                json!({ "number": 1, "size": 5_000_000_000_u64 }),
                "this is too large a number",
            ),
            (
                json!({ "number": 1, "size": "missing field `x`" }),
                "this must be a whole number, 0 or more",
            ),
            (json!({ "number": 1, "title": 5 }), "this must be a text"),
            (json!({ "number": 1, "on": "yes" }), "this must be true or false"),
            (
                json!({ "number": 1, "corners": "blue" }),
                "this must be one of: black, cover",
            ),
            (
                json!({ "number": 1, "x": 5 }),
                "there is no field `x` here; see /docs for those there are",
            ),
        ];
        for (value, expected) in cases {
            assert_eq!(told(value.clone()), expected, "{value}");
        }
        assert_eq!(
            sentence("user_id: invalid type: string \"1\", expected i64 at line 1 column 14"),
            "`user_id` must be a whole number"
        );
        assert_eq!(
            sentence("limit: invalid digit found in string"),
            "`limit` must be a whole number"
        );
        assert_eq!(
            sentence("something else"),
            "this cannot be understood; see /docs for what is expected"
        );
    }
}
