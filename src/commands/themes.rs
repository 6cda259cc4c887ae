//! `musiccircles themes`: what looks there are and what each takes.

use std::fmt::Write;

use serde::Serialize;

use super::CommandError;
use super::answer::{print_json, print_text};
use crate::cli::{JsonArgs, ThemesAction, ThemesArgs};
use crate::scene::theme::{self, Manifest, Theme};

#[derive(Serialize)]
struct ThemeJson<'a> {
    name: &'a str,
    #[serde(flatten)]
    manifest: &'a Manifest,
}

pub fn run(args: &ThemesArgs) -> Result<(), CommandError> {
    match &args.action {
        None => list(JsonArgs { json: false }),
        Some(ThemesAction::List(json)) => list(*json),
        Some(ThemesAction::Show { name }) => print_text(&show(theme::find(name)?)),
    }
}

fn list(args: JsonArgs) -> Result<(), CommandError> {
    if args.json {
        let themes = theme::built_in().iter();
        let themes: Vec<_> = themes
            .map(|theme| ThemeJson {
                name: &theme.name,
                manifest: &theme.manifest,
            })
            .collect();
        return print_json(&serde_json::json!({ "themes": themes }));
    }
    let mut text = String::new();
    for theme in theme::built_in() {
        let Manifest { title, author, .. } = &theme.manifest;
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{:<10} {} / {}, by {author}", theme.name, title.en, title.ru);
    }
    print_text(&text)
}

fn show(theme: &Theme) -> String {
    let Manifest {
        title, author, params, ..
    } = &theme.manifest;
    let mut text = format!("{}: {} / {}, by {author}\n", theme.name, title.en, title.ru);
    for (name, spec) in params {
        let _ = writeln!(text, "\n  --set {name}={}   {spec}", spec.default_text());
        let _ = writeln!(text, "      {}\n      {}", spec.help().en, spec.help().ru);
    }
    text
}
