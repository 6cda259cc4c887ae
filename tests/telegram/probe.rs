//! A circle whose answer was lost is found again, or known not to be there.

use std::time::Duration;

use musiccircles::deliver::telegram::{Client, Gate, Limiter, Outcome, Place, Shape, Sighting};
use teloxide::Bot;
use teloxide::requests::Requester;
use teloxide::types::ChatId;

use super::{circle, client, final_keyboard, first_keyboard};
use crate::support::telegram::{Answer, Cut, Fault, Person, Telegram, next};

struct Lost {
    telegram: Telegram,
    anna: Person,
    client: Client,
    gate: Gate,
}

impl Lost {
    /// A circle with marker `m` of which no answer came.
    async fn with(fault: Fault) -> Self {
        Self::at(Telegram::start(), fault).await
    }

    async fn at(telegram: Telegram, fault: Fault) -> Self {
        let anna = telegram.person("Anna");
        anna.say("queen");
        telegram.script(next("sendVideoNote", [fault]));
        let client = client(&telegram);
        let outcome = client
            .send_circle(Place::chat(anna.chat), &circle(&telegram, 3_000), &first_keyboard("m"))
            .await;
        assert!(matches!(outcome, Outcome::Ambiguous { .. }), "{outcome:?}");
        Self {
            telegram,
            anna,
            client,
            gate: Gate::new(Limiter::new()),
        }
    }

    async fn probe(&self, candidates: &[i64]) -> Sighting {
        let keyboard = final_keyboard("m");
        self.client
            .probe(&self.gate, self.anna.chat, candidates, &keyboard)
            .await
    }
}

const LATER: Duration = Duration::from_millis(300);

#[tokio::test]
async fn it_is_found_with_its_file_and_found_again() {
    let lost = Lost::with(Fault::accepted(Answer::Close)).await;
    // The person's own message is no candidate that fits, and one is not there.
    for look in [lost.probe(&[1, 2, 3]).await, lost.probe(&[2]).await] {
        let Sighting::Found {
            message_id: 2, file, ..
        } = look
        else {
            panic!("not found");
        };
        let seen = &lost.anna.chat()[1];
        assert_eq!(seen.content["file_id"], file.id);
        assert_eq!(seen.buttons[0][0].text, "Another moment");
    }
    assert_eq!(lost.telegram.sent_with("m").len(), 1);
}

#[tokio::test]
async fn it_is_found_as_what_it_became() {
    let telegram = Telegram::start();
    telegram.next_notes_are_videos(1);
    let lost = Lost::at(telegram, Fault::accepted(Answer::Close)).await;
    for look in [lost.probe(&[2]).await, lost.probe(&[2]).await] {
        let Sighting::Found { shape, .. } = look else {
            panic!("{look:?}");
        };
        assert_eq!(shape, Shape::Square);
    }
}

#[tokio::test]
async fn a_chat_that_is_silenced_is_not_waited_for() {
    let lost = Lost::with(Fault::accepted(Answer::Close)).await;
    lost.gate.refused(lost.anna.chat, Duration::from_secs(3600));
    let look = tokio::time::timeout(Duration::from_secs(5), lost.probe(&[2])).await;
    assert!(matches!(look, Ok(Sighting::NotYet { wait }) if wait > Duration::from_secs(3500)));
}

#[tokio::test]
async fn another_message_of_ours_is_no_circle_however_often_it_is_looked_at() {
    let lost = Lost::with(Fault::refused(Answer::Close)).await;
    let bot = Bot::new(lost.telegram.token()).set_api_url(lost.telegram.url().parse().unwrap());
    let status = bot.send_message(ChatId(lost.anna.chat), "Drawing").await.unwrap();
    let id = i64::from(status.id.0);
    for _ in 0..3 {
        assert_eq!(lost.probe(&[id]).await, Sighting::Absent);
        assert!(lost.anna.chat().iter().all(|seen| seen.buttons.is_empty()));
    }
    // Cut off before the buttons are taken away again.
    let mut edits = 0;
    lost.telegram.script(Box::new(move |incoming| {
        edits += usize::from(incoming.method == "editMessageReplyMarkup");
        (edits == 2).then_some(Fault::Cut(Cut::AtOnce))
    }));
    assert_eq!(lost.probe(&[id]).await, Sighting::Undecidable { retry_after: None });
    assert_eq!(lost.probe(&[id]).await, Sighting::Absent);
}

#[tokio::test]
async fn what_never_arrived_is_absent() {
    let lost = Lost::with(Fault::refused(Answer::Close)).await;
    assert_eq!(lost.probe(&[1, 2, 3]).await, Sighting::Absent);
    assert_eq!(lost.probe(&[]).await, Sighting::Absent);
}

#[tokio::test]
async fn what_becomes_visible_later_is_absent_until_then() {
    let lost = Lost::with(Fault::late(LATER)).await;
    assert_eq!(lost.probe(&[2]).await, Sighting::Absent);
    tokio::time::sleep(LATER).await;
    assert!(matches!(lost.probe(&[2]).await, Sighting::Found { message_id: 2, .. }));
}

#[tokio::test]
async fn what_telegram_does_not_tell_stays_open() {
    let lost = Lost::with(Fault::accepted(Answer::Close)).await;
    for (answer, retry_after) in [
        (
            Answer::Status {
                status: 500,
                html: false,
            },
            None,
        ),
        (
            Answer::Status {
                status: 502,
                html: true,
            },
            None,
        ),
        (Answer::Close, None),
        (Answer::Nonsense, None),
        (Answer::TooMany { retry_after_secs: 1 }, Some(Duration::from_secs(1))),
    ] {
        lost.telegram
            .script(next("editMessageReplyMarkup", [Fault::refused(answer)]));
        assert_eq!(
            lost.probe(&[2, 3]).await,
            Sighting::Undecidable { retry_after },
            "{answer:?}"
        );
    }
    lost.anna.block(true);
    assert_eq!(lost.probe(&[2]).await, Sighting::Closed);
    lost.anna.block(false);
    let too_many: Vec<i64> = (1..100).collect();
    assert_eq!(lost.probe(&too_many).await, Sighting::Undecidable { retry_after: None });
    // The edit that was carried out unseen is seen by the next look.
    lost.telegram
        .script(next("editMessageReplyMarkup", [Fault::accepted(Answer::Reset)]));
    assert_eq!(lost.probe(&[2]).await, Sighting::Undecidable { retry_after: None });
    assert!(matches!(lost.probe(&[2]).await, Sighting::Found { message_id: 2, .. }));
}
