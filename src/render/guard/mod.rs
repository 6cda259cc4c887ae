//! Makes a theme someone else wrote safe to run: its WGSL in, a module out that ends in bounded time whatever it says, or one
//! sentence about what a theme may not do. Only packs pass here; the built-in themes are ours.
//!
//! Three things stand between a stranger's text and the processor:
//! * [`text`] bounds what the compiler is given, since compilers recurse and evaluate constants;
//! * [`census`] refuses what a theme has no business with, and counts what it costs with every call written out, because that
//!   is what drivers do;
//! * [`fuel`] takes each turn of each loop from what a pixel may spend.
//!
//! What is left is work that may be slow, never endless; the renderer hands it to the device in slices and has its own patience.

mod census;
mod fuel;
mod text;

use std::thread;

use wgpu::naga::Module;

use super::check::{Complaint, compile};
use super::shaders::Entry;
use crate::flow::ThemeShader;

/// The compiler goes down one level for each level of the text; [`text`] bounds those. Reserved, not used up.
const COMPILER_STACK_BYTES: usize = 64 << 20;

/// The guarded module of `theme`.
pub(super) fn guarded(theme: &ThemeShader, entry: Entry) -> Result<Module, Complaint> {
    // On a thread of its own: its stack is large enough for whatever `text` lets through, and should the compiler panic over a
    // text nobody thought of, that is its author's news and not the end of the program.
    thread::scope(|scope| {
        let compiler = thread::Builder::new()
            .name("theme compiler".to_owned())
            .stack_size(COMPILER_STACK_BYTES)
            .spawn_scoped(scope, || guard(theme, entry));
        match compiler.map(thread::ScopedJoinHandle::join) {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(Complaint::anywhere(
                "the WGSL compiler fails over this; write it in another way",
            )),
            Err(_) => Err(Complaint::anywhere(
                "there is no memory left to compile this; try again",
            )),
        }
    })
}

fn guard(theme: &ThemeShader, entry: Entry) -> Result<Module, Complaint> {
    let bare = ThemeShader {
        source: text::bare(&theme.source)?,
        ..theme.clone()
    };
    let (mut module, facts) = compile(&bare, entry)?;
    let costs = census::take(&bare, &module, &facts)?;
    fuel::meter(&mut module, &facts, &costs);
    super::check::validate(&bare, entry, &module)?;
    Ok(module)
}
