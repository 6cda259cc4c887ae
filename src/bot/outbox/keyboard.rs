//! What stands below a circle: its marker in every button, and the link by which a friend makes the same.

use crate::bot::desk::JobContext;
use crate::bot::recipe::Recipe;
use crate::bot::tap::CirclePress;
use crate::bot::texts::{Lang, Line};
use crate::deliver::telegram::{Button, Marked, Marker, Press};
use crate::model::JobSpec;
use crate::store::deliveries;

/// The buttons below a circle: another moment, another look, share.
pub fn keyboard(
    marker: deliveries::Marker,
    spec: &JobSpec,
    context: Option<&JobContext>,
    lang: Lang,
) -> Option<Marked> {
    let marker = Marker::new(&marker_text(marker))?;
    let press = |key, press: CirclePress| Button {
        text: Line::new(key).plain(lang),
        press: Press::Callback(marker.callback_data(press.action())),
    };
    let mut rows = vec![vec![
        press("button-another-moment", CirclePress::AnotherMoment),
        press("button-another-look", CirclePress::AnotherLook),
    ]];
    let recipe = context.and_then(|context| recipe(context, spec).write());
    rows.extend(recipe.map(|recipe| {
        vec![Button {
            text: Line::new("button-share").plain(lang),
            press: Press::Share(recipe),
        }]
    }));
    Marked::new(&marker, &rows).ok()
}

/// What a link to this circle holds.
pub fn recipe(context: &JobContext, spec: &JobSpec) -> Recipe {
    Recipe {
        song: context.song.reference(),
        start_ms: spec.start_ms,
        length_ms: spec.length_ms,
        theme: spec.theme.clone(),
        speed: spec.speed.clone(),
        settings: spec.settings.clone(),
    }
}

fn marker_text(marker: deliveries::Marker) -> String {
    marker.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// As the queue knows it. `None`: none of ours.
pub fn marker_bytes(marker: &Marker) -> Option<deliveries::Marker> {
    let text = marker.as_str();
    let mut bytes = deliveries::Marker::default();
    if text.len() != bytes.len() * 2 {
        return None;
    }
    for (nth, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(nth * 2..nth * 2 + 2)?, 16).ok()?;
    }
    Some(bytes)
}
