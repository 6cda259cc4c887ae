//! Checks a theme's WGSL without a device, and points into its author's own file.

use wgpu::naga::SourceLocation;
use wgpu::naga::front::wgsl;
use wgpu::naga::valid::{Capabilities, ValidationFlags, Validator};

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

/// The first fault of the theme, if it has one.
pub fn check(theme: &ThemeShader) -> Result<(), Complaint> {
    for entry in [Entry::Bake, Entry::Nv12] {
        let text = shader_text(theme, entry);
        let place = |location: Option<SourceLocation>| place(theme, &text, location);
        let module = wgsl::parse_str(&text).map_err(|error| Complaint {
            place: place(error.location(&text)),
            message: error.message().to_owned(),
        })?;
        let mut validator = Validator::new(ValidationFlags::all(), Capabilities::default());
        validator.validate(&module).map_err(|error| {
            // The outermost error says which function, the innermost what is wrong with it.
            let mut message = error.as_inner().to_string();
            let mut source = std::error::Error::source(error.as_inner());
            while let Some(inner) = source {
                message = format!("{message}: {inner}");
                source = inner.source();
            }
            // The outermost span is the function, the innermost the expression.
            let span = error.spans().last().map(|(span, _)| span.location(&text));
            Complaint {
                place: place(span),
                message,
            }
        })?;
    }
    Ok(())
}

/// A place in the joined text as a place in the theme's file.
fn place(theme: &ThemeShader, text: &str, location: Option<SourceLocation>) -> Option<(u32, u32)> {
    let start = theme_offset(theme);
    let at = (location?.offset as usize).checked_sub(start)?;
    if at > theme.source.len() {
        return None;
    }
    let before = text.get(start..start + at)?;
    let line = before.matches('\n').count() as u32 + 1;
    let column = before.chars().rev().take_while(|&c| c != '\n').count() as u32 + 1;
    Some((line, column))
}
