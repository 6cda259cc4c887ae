//! What clap says of a wrong command line in, one sentence that says what to do out.
//!
//! clap writes paragraphs for a terminal; our errors are one line everywhere, so that a script can show them as they are.

use std::error::Error as _;

use clap::Error;
use clap::error::{ContextKind, ContextValue, ErrorKind};

/// The sentence, without the program's name before it. Only for errors: help and version are not.
pub fn sentence(error: &Error) -> String {
    let told = match error.kind() {
        ErrorKind::ValueValidation => bad_value(error),
        ErrorKind::InvalidValue => no_value(error),
        ErrorKind::MissingRequiredArgument => missing(error),
        ErrorKind::ArgumentConflict => conflict(error),
        ErrorKind::UnknownArgument => unknown(error),
        ErrorKind::InvalidSubcommand => no_command(error),
        _ => None,
    };
    told.unwrap_or_else(|| first_paragraph(error))
}

fn bad_value(error: &Error) -> Option<String> {
    let option = option(&text(error, ContextKind::InvalidArg)?);
    let value = text(error, ContextKind::InvalidValue)?;
    Some(format!("{option} {value}: {}", error.source()?))
}

fn no_value(error: &Error) -> Option<String> {
    let argument = text(error, ContextKind::InvalidArg)?;
    let empty = text(error, ContextKind::InvalidValue).is_none_or(|value| value.is_empty());
    let told = if argument.starts_with('<') {
        format!("{argument} is empty; give the name of a file")
    } else {
        format!("{} wants a value: {argument}", option(&argument))
    };
    empty.then_some(told)
}

fn missing(error: &Error) -> Option<String> {
    let arguments = list(error, ContextKind::InvalidArg)?;
    let verb = if arguments.len() > 1 { "are" } else { "is" };
    let usage = usage(error).map_or_else(String::new, |usage| format!("; write {usage}"));
    Some(format!("{} {verb} missing{usage}", arguments.join(" and ")))
}

fn conflict(error: &Error) -> Option<String> {
    let one = option(&text(error, ContextKind::InvalidArg)?);
    let others: Vec<_> = list(error, ContextKind::PriorArg)?
        .iter()
        .map(|other| option(other))
        .collect();
    if others.iter().all(|other| *other == one) {
        return Some(format!("{one} is given twice; leave one out"));
    }
    let others = others.join(" and ");
    Some(format!("{one} cannot be used with {others}; leave one out"))
}

fn unknown(error: &Error) -> Option<String> {
    let argument = text(error, ContextKind::InvalidArg)?;
    if !argument.starts_with('-') {
        let picture = [".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp"];
        return Some(if picture.iter().any(|end| argument.to_lowercase().ends_with(end)) {
            format!("{argument} is one argument too many; give the picture as --cover {argument}")
        } else {
            format!("{argument} is one argument too many; put quotes around a name with spaces")
        });
    }
    let advice = match text(error, ContextKind::SuggestedArg) {
        Some(known) => format!("did you mean {}?", option(&known)),
        None if argument.starts_with("--") => "--help lists the options".to_owned(),
        None => "a file name that starts with a dash is written last, after -- and a space".to_owned(),
    };
    Some(format!("there is no option {argument}; {advice}"))
}

fn no_command(error: &Error) -> Option<String> {
    let name = text(error, ContextKind::InvalidSubcommand)?;
    let known = list(error, ContextKind::SuggestedSubcommand).unwrap_or_default();
    Some(match known.first() {
        Some(known) => format!("there is no command {name}; did you mean {known}?"),
        None => format!("there is no command {name}; --help lists the commands"),
    })
}

/// Whatever else clap may say: its first paragraph on one line.
fn first_paragraph(error: &Error) -> String {
    let rendered = error.render().to_string();
    let paragraph = rendered.split("\n\n").next().unwrap_or_default();
    let words: Vec<_> = paragraph.split_whitespace().collect();
    words.join(" ").trim_start_matches("error: ").to_owned()
}

/// `--size <SIZE>` without its value.
fn option(argument: &str) -> String {
    argument.split(" <").next().unwrap_or(argument).to_owned()
}

fn usage(error: &Error) -> Option<String> {
    let ContextValue::StyledStr(usage) = error.get(ContextKind::Usage)? else {
        return None;
    };
    let usage = usage.to_string();
    let usage = usage.trim().trim_start_matches("Usage:").trim();
    (!usage.contains('\n')).then(|| usage.to_owned())
}

fn text(error: &Error, kind: ContextKind) -> Option<String> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(text.clone()),
        _ => None,
    }
}

fn list(error: &Error, kind: ContextKind) -> Option<Vec<String>> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(vec![text.clone()]),
        ContextValue::Strings(texts) => Some(texts.clone()),
        _ => None,
    }
}
