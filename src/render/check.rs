//! Checks a theme's WGSL without a device, and points into its author's own file.

use std::fmt;

use wgpu::naga::front::wgsl;
use wgpu::naga::valid::{Capabilities, ModuleInfo, ValidationFlags, Validator};
use wgpu::naga::{Module, SourceLocation};

use super::guard;
use super::shaders::{Entry, shader_text, theme_offset};
use crate::flow::ThemeShader;

/// What is wrong with a theme, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// Line and column in the theme's own file, both from 1; `None` when the fault lies in how it meets the shared code, such as
    /// a function that is missing.
    pub place: Option<(u32, u32)>,
    pub message: String,
}

impl Complaint {
    /// Of the whole theme.
    pub(super) fn anywhere(message: impl Into<String>) -> Self {
        Self {
            place: None,
            message: message.into(),
        }
    }

    /// Of the byte at `at` in the theme's own text.
    pub(super) fn at(source: &str, at: usize, message: impl Into<String>) -> Self {
        Self {
            place: line_and_column(source, at),
            message: message.into(),
        }
    }

    /// `mine/theme.wgsl:12:5: what is wrong there`.
    pub fn of(&self, file: impl fmt::Display) -> String {
        match self.place {
            Some((line, column)) => format!("{file}:{line}:{column}: {}", self.message),
            None => format!("{file}: {}", self.message),
        }
    }
}

/// The first fault of the theme, if it has one.
pub fn check(theme: &ThemeShader) -> Result<(), Complaint> {
    for entry in [Entry::Bake, Entry::Nv12] {
        if theme.trusted {
            compile(theme, entry)?;
        } else {
            guard::guarded(theme, entry)?;
        }
    }
    Ok(())
}

/// The theme's module for `entry`, and what the validator found out about it.
pub(super) fn compile(theme: &ThemeShader, entry: Entry) -> Result<(Module, ModuleInfo), Complaint> {
    let text = shader_text(theme, entry);
    let module = wgsl::parse_str(&text).map_err(|error| Complaint {
        place: place(theme, error.location(&text)),
        message: one_line(error.message()),
    })?;
    let facts = validate(theme, entry, &module)?;
    Ok((module, facts))
}

pub(super) fn validate(theme: &ThemeShader, entry: Entry, module: &Module) -> Result<ModuleInfo, Complaint> {
    let mut validator = Validator::new(ValidationFlags::all(), Capabilities::default());
    validator.validate(module).map_err(|error| {
        // The outermost error says which function, the innermost what is wrong with it.
        let mut message = error.as_inner().to_string();
        let mut source = std::error::Error::source(error.as_inner());
        while let Some(inner) = source {
            message = format!("{message}: {inner}");
            source = inner.source();
        }
        // The outermost span is the function, the innermost the expression.
        let text = shader_text(theme, entry);
        let span = error.spans().last().map(|(span, _)| span.location(&text));
        Complaint {
            place: place(theme, span),
            message: one_line(&message),
        }
    })
}

/// A place in the joined text as a place in the theme's file.
fn place(theme: &ThemeShader, location: Option<SourceLocation>) -> Option<(u32, u32)> {
    let at = (location?.offset as usize).checked_sub(theme_offset(theme))?;
    line_and_column(&theme.source, at)
}

fn line_and_column(source: &str, at: usize) -> Option<(u32, u32)> {
    let before = source.get(..at)?;
    let line = before.matches('\n').count() as u32 + 1;
    let column = before.chars().rev().take_while(|&c| c != '\n').count() as u32 + 1;
    Some((line, column))
}

/// Longest message that is still read.
const MAX_MESSAGE_CHARS: usize = 300;

/// The compiler quotes what it complains of; a person gets one line.
fn one_line(message: &str) -> String {
    let words = message.split_whitespace().collect::<Vec<_>>().join(" ");
    match words.char_indices().nth(MAX_MESSAGE_CHARS) {
        None => words,
        Some((end, _)) => format!("{}...", &words[..end]),
    }
}
