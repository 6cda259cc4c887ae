//! What Telegram says, and what the client makes of it.

use std::time::Duration;

use musiccircles::deliver::picture;
use musiccircles::deliver::telegram::{
    Client, Clip, Files, Media, Outcome, Place, Receipt, Refusal, Settings, Shape, Token, Trouble,
};

use super::{CALM, circle, client, client_at, clip, demo_file, first_keyboard, known};
use crate::support::telegram::{Telegram, What};

fn sent(outcome: Outcome) -> Receipt {
    match outcome {
        Outcome::Sent(receipt) => receipt,
        other => panic!("{other:?}"),
    }
}

fn refusal(outcome: Outcome) -> Refusal {
    match outcome {
        Outcome::Refused { kind, .. } => kind,
        other => panic!("{other:?}"),
    }
}

/// The demo's cover as the renderer makes a still of a picture.
fn still() -> Vec<u8> {
    let cover = image::open(demo_file("cover.jpg")).unwrap().into_rgb8();
    picture::thumbnail(&image::imageops::resize(
        &cover,
        640,
        640,
        image::imageops::FilterType::Nearest,
    ))
    .unwrap()
}

#[tokio::test]
async fn a_circle_arrives_round_and_whole_with_its_marker() {
    let telegram = Telegram::start();
    let anna = telegram.person("Anna");
    let song = anna.say("queen");
    let still = still();
    let clip = Clip {
        duration: Duration::from_millis(29_600),
        thumbnail: Some(still.clone()),
        ..circle(&telegram, 300_000)
    };
    let place = Place {
        reply_to: Some(song),
        ..Place::chat(anna.chat)
    };
    let receipt = sent(client(&telegram).send_circle(place, &clip, &first_keyboard("a1")).await);
    assert_eq!(receipt.shape, Shape::Round);
    let seen = &anna.chat()[1];
    assert_eq!(
        (seen.id, seen.kind.as_str(), seen.reply_to),
        (receipt.message_id, "video_note", Some(song))
    );
    assert_eq!(
        (&seen.content["length"], &seen.content["duration"]),
        (&640.into(), &30.into())
    );
    assert_eq!(seen.content["file_id"], receipt.file.id);
    assert!(anna.thumbnail(seen) == still, "another thumbnail");
    assert!(telegram.sent_with("a1")[0].detail.ends_with(" with a thumbnail of 320 pixels"));
    assert_eq!(seen.buttons[0][0].data.as_deref(), Some("d:a1"));
    assert_eq!(anna.download(seen), vec![7_u8; 300_000]);
    assert_eq!(telegram.sent_with("a1").len(), 1);
}

#[tokio::test]
async fn what_was_sent_once_is_sent_again_by_its_id_until_telegram_forgets_it() {
    let telegram = Telegram::start();
    let (anna, boris) = (telegram.person("Anna"), telegram.person("Boris"));
    let client = client(&telegram);
    let first = sent(
        client
            .send_circle(Place::chat(anna.chat), &circle(&telegram, 5_000), &first_keyboard("a"))
            .await,
    );
    let again = known(&first.file.id);
    let second = sent(
        client
            .send_circle(Place::chat(boris.chat), &again, &first_keyboard("b"))
            .await,
    );
    assert_eq!(
        (second.shape, &second.file.unique_id),
        (Shape::Round, &first.file.unique_id)
    );
    // It stays a circle: as a square video the id is worth nothing.
    let square = client
        .send_square(Place::chat(boris.chat), &again, "", &first_keyboard("c"))
        .await;
    assert_eq!(refusal(square), Refusal::Other);
    // Another bot has ids of its own.
    let other = telegram.add_bot("other_bot");
    let carl = telegram.person_of(&other, "Carl");
    let stranger = client_at(&telegram.url(), &other, CALM);
    let foreign = stranger
        .send_circle(Place::chat(carl.chat), &again, &first_keyboard("d"))
        .await;
    assert_eq!(refusal(foreign), Refusal::WrongFileId);
    assert_ne!(client.bot_id(), stranger.bot_id());
    telegram.forget_file(&first.file.unique_id);
    let forgotten = client
        .send_circle(Place::chat(anna.chat), &again, &first_keyboard("e"))
        .await;
    assert_eq!(refusal(forgotten), Refusal::WrongFileId);
}

#[tokio::test]
async fn a_note_that_telegram_turns_into_a_video_is_told_as_one() {
    let telegram = Telegram::start();
    let anna = telegram.person("Anna");
    let large = circle(&telegram, 10 * 1024 * 1024 + 1);
    let receipt = sent(
        client(&telegram)
            .send_circle(Place::chat(anna.chat), &large, &first_keyboard("a"))
            .await,
    );
    assert_eq!(receipt.shape, Shape::Square);
    assert_eq!(anna.chat()[0].kind, "video");
}

#[tokio::test]
async fn whoever_receives_no_circles_gets_a_square_video() {
    let telegram = Telegram::start();
    let anna = telegram.person("Anna");
    anna.forbid_voice(true);
    let (client, place) = (client(&telegram), Place::chat(anna.chat));
    let clip = Clip {
        thumbnail: Some(still()),
        ..circle(&telegram, 5_000)
    };
    let circle = client.send_circle(place, &clip, &first_keyboard("a")).await;
    assert_eq!(refusal(circle), Refusal::VoiceForbidden);
    let long = "ж".repeat(3000);
    let receipt = sent(client.send_square(place, &clip, &long, &first_keyboard("a")).await);
    assert_eq!(receipt.shape, Shape::Square);
    let seen = &anna.chat()[0];
    assert_eq!((seen.kind.as_str(), seen.text.chars().count()), ("video", 1024));
    assert_eq!(seen.content["width"], seen.content["height"]);
    assert!(anna.thumbnail(seen) == still(), "another thumbnail");
}

#[tokio::test]
async fn refusals_are_told_apart() {
    let telegram = Telegram::start();
    let (anna, clip, client) = (telegram.person("Anna"), circle(&telegram, 5_000), client(&telegram));
    let send = async |chat| refusal(client.send_circle(Place::chat(chat), &clip, &first_keyboard("a")).await);
    assert_eq!(send(404).await, Refusal::ChatGone);
    anna.block(true);
    assert_eq!(send(anna.chat).await, Refusal::Blocked);
    let group = anna.in_group(telegram.group("Friends"));
    group.block(true);
    assert_eq!(send(group.chat).await, Refusal::ChatGone);
    group.block(false);
    let moved = group.move_group_unheard(-1_001_000_100_777);
    assert_eq!(send(group.chat).await, Refusal::Moved { chat: moved.chat });
    let receipt = sent(
        client
            .send_circle(Place::chat(moved.chat), &clip, &first_keyboard("b"))
            .await,
    );
    assert_eq!(receipt.message_id, 1, "a group counts its own messages");
    let too_large = client
        .send_circle(
            Place::chat(moved.chat),
            &circle(&telegram, 50 * 1024 * 1024 + 1),
            &first_keyboard("c"),
        )
        .await;
    assert_eq!(refusal(too_large), Refusal::TooLarge);
    assert_eq!(
        telegram
            .ledger()
            .iter()
            .filter(|entry| entry.what == What::Sent)
            .count(),
        1
    );
}

#[tokio::test]
async fn a_wrong_token_is_not_the_circles_fault() {
    let telegram = Telegram::start();
    let anna = telegram.person("Anna");
    let stranger = client_at(&telegram.url(), "7000009:AAStandIn_of_nobody_that_is_known_here", CALM);
    let outcome = stranger
        .send_circle(Place::chat(anna.chat), &circle(&telegram, 5_000), &first_keyboard("a"))
        .await;
    let expected = Outcome::NotSent {
        trouble: Trouble::UnknownBot,
        retry_after: None,
    };
    assert_eq!(outcome, expected);
}

#[tokio::test]
async fn a_topic_and_a_lost_reply_are_no_obstacle() {
    let telegram = Telegram::start();
    let anna = telegram.person("Anna");
    let place = Place {
        thread: Some(3),
        reply_to: Some(999),
        ..Place::chat(anna.chat)
    };
    sent(
        client(&telegram)
            .send_circle(place, &circle(&telegram, 5_000), &first_keyboard("a"))
            .await,
    );
    assert_eq!(anna.chat()[0].reply_to, None);
}

#[tokio::test]
async fn a_local_server_is_given_the_path_and_reads_the_file_itself() {
    let telegram = Telegram::start_local();
    let anna = telegram.person("Anna");
    let folder = telegram.folder().join("circles of 100 % + ж");
    std::fs::create_dir(&folder).unwrap();
    let path = folder.join("a.mp4");
    std::fs::write(&path, b"bytes").unwrap();
    let client = Client::new(Settings {
        api_url: format!("{}/", telegram.url()),
        token: Token::parse(telegram.token()).unwrap(),
        files: Files::ByPath,
        patience: CALM,
    })
    .unwrap();
    sent(
        client
            .send_circle(Place::chat(anna.chat), &clip(Media::File(path)), &first_keyboard("a"))
            .await,
    );
    assert_eq!(anna.download(&anna.chat()[0]), b"bytes");
}

#[tokio::test]
async fn a_file_that_is_not_there_is_not_sent() {
    let telegram = Telegram::start();
    let anna = telegram.person("Anna");
    let empty = telegram.folder().join("empty.mp4");
    std::fs::write(&empty, b"").unwrap();
    for path in [
        telegram.folder().join("missing.mp4"),
        empty,
        telegram.folder().to_owned(),
    ] {
        let outcome = client(&telegram)
            .send_circle(Place::chat(anna.chat), &clip(Media::File(path)), &first_keyboard("a"))
            .await;
        let Outcome::NotSent {
            trouble: Trouble::File(_),
            retry_after: None,
        } = outcome
        else {
            panic!("{outcome:?}");
        };
    }
    assert_eq!(telegram.ledger(), []);
}

#[test]
fn an_address_that_is_none_is_an_error() {
    let settings = |api_url: &str| Settings {
        api_url: api_url.to_owned(),
        token: Token::parse("123456:AAbbccddeeffgghhiijjkkllmmnnooppqqr").unwrap(),
        files: Files::Upload,
        patience: CALM,
    };
    assert!(Client::new(settings("api.telegram.org")).is_err());
    assert!(Client::new(settings("https://api.telegram.org")).is_ok());
}
