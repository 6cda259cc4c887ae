//! Brings what a conversation shows up to date: the list, the card, a page, a sentence.

use super::place;
use crate::bot::desk::Desk;
use crate::bot::dialogue::{Event, Picture, What};
use crate::bot::messages::{MessageError, Place};
use crate::bot::talker::Talker;
use crate::bot::texts::Line;
use crate::bot::view::{self, Page};
use crate::model::Blob;

/// Brings the list or the card up to date; says where it is shown now, if there is one.
pub async fn show(talker: &Talker, what: What) -> Result<Option<Event>, MessageError> {
    let prefs = talker.prefs().await;
    let (desk, place) = (&talker.desk, place(talker.key, &talker.saved.talk));
    let rules = desk.rules(talker.saved.seen, talker.key.user_id, &prefs);
    let (serial, shown, picture) = match what {
        What::List => {
            let Some(list) = &talker.saved.talk.list else {
                return Ok(None);
            };
            let page = view::list(list, prefs.lang);
            (list.serial, put(desk, place, list.message, &page).await, None)
        }
        What::Card => {
            let Some(card) = &talker.saved.talk.card else {
                return Ok(None);
            };
            let blob = match &card.picture {
                Picture::Still(still) => still,
                Picture::Cover => card.cover_file(&rules),
            };
            let page = view::card(card, &rules);
            let is_new = card.shown.as_ref() != Some(&blob.sha256);
            let shown = put_card(desk, place, card.message, blob, is_new, &page).await;
            (card.serial, shown, Some(blob.sha256.clone()))
        }
    };
    Ok(Some(Event::Shown {
        what,
        serial,
        message: shown?,
        picture,
    }))
}

async fn put(desk: &Desk, place: Place, message: Option<i64>, page: &Page) -> Result<i64, MessageError> {
    if let Some(message) = message {
        match desk.messages.edit(place.chat, message, page).await {
            Err(MessageError::Gone) => {}
            outcome => return outcome.map(|()| message),
        }
    }
    desk.messages.send(place, page).await
}

/// A card that somebody deleted is shown anew.
async fn put_card(
    desk: &Desk,
    place: Place,
    message: Option<i64>,
    picture: &Blob,
    is_new_picture: bool,
    page: &Page,
) -> Result<i64, MessageError> {
    let photo = async || match desk.bytes(picture).await {
        Some(photo) => photo,
        None => crate::assets::DEFAULT_COVER.to_vec(),
    };
    if let Some(message) = message {
        let edited = match is_new_picture {
            true => {
                let photo = photo().await;
                desk.messages.edit_photo(place.chat, message, &photo, page).await
            }
            false => desk.messages.edit_caption(place.chat, message, page).await,
        };
        match edited {
            Err(MessageError::Gone) => {}
            outcome => return outcome.map(|()| message),
        }
    }
    desk.messages.send_photo(place, &photo().await, page).await
}

/// `false`: it was not said, and may be taken later.
pub async fn say(talker: &Talker, line: &Line) -> bool {
    let page = view::line(line, talker.prefs().await.lang);
    show_page(talker, None, &page).await
}

/// `false`: it was not shown, and may be taken later.
pub async fn show_page(talker: &Talker, edit: Option<i64>, page: &Page) -> bool {
    let place = place(talker.key, &talker.saved.talk);
    let Err(error) = put(&talker.desk, place, edit, page).await else {
        return true;
    };
    tracing::warn!(chat = place.chat, %error, "a message could not be sent");
    !error.may_pass()
}
