//! The stand-in as the bot's own library sees it: whatever it sends is understood, whatever it gets can be read.

use std::time::Duration;

use teloxide::net::Download;
use teloxide::prelude::*;
use teloxide::types::{
    BotCommand, ChatAction, InlineKeyboardButton, InlineKeyboardMarkup, InlineQueryResult, InlineQueryResultArticle,
    InputFile, InputMedia, InputMediaPhoto, InputMessageContent, InputMessageContentText, ReplyParameters, UpdateKind,
};
use teloxide::{ApiError, RequestError};

use super::{SOON, demo_file};
use crate::support::telegram::{Limits, Telegram};

fn bot(telegram: &Telegram) -> Bot {
    Bot::new(telegram.token()).set_api_url(telegram.url().parse().unwrap())
}

fn keyboard(data: &str) -> InlineKeyboardMarkup {
    InlineKeyboardMarkup::new([[InlineKeyboardButton::callback("Tap", data)]])
}

#[tokio::test]
async fn messages_go_out_and_are_changed() {
    let telegram = Telegram::start();
    let anna = telegram.person("Anna");
    let (bot, chat) = (bot(&telegram), ChatId(anna.chat));
    let song = teloxide::types::MessageId(anna.say("queen") as i32);
    assert_eq!(bot.get_me().await.unwrap().username(), "circles_bot");
    bot.set_my_commands([BotCommand::new("start", "Begin")]).await.unwrap();
    bot.send_chat_action(chat, ChatAction::RecordVideoNote).await.unwrap();
    let card = bot
        .send_message(chat, "card")
        .reply_parameters(ReplyParameters::new(song))
        .reply_markup(keyboard("a"))
        .await
        .unwrap();
    assert_eq!(card.reply_to_message().unwrap().text(), Some("queen"));
    bot.edit_message_text(chat, card.id, "card 2")
        .reply_markup(keyboard("a"))
        .await
        .unwrap();
    let again = bot
        .edit_message_text(chat, card.id, "card 2")
        .reply_markup(keyboard("a"))
        .await;
    assert!(
        matches!(again, Err(RequestError::Api(ApiError::MessageNotModified))),
        "{again:?}"
    );
    let photo = || InputFile::file(demo_file("cover.jpg"));
    let media = InputMedia::Photo(InputMediaPhoto::new(photo()).caption("card 3"));
    let shown = bot
        .edit_message_media(chat, card.id, media)
        .reply_markup(keyboard("b"))
        .await
        .unwrap();
    assert_eq!(
        (shown.caption(), shown.photo().map(<[_]>::len)),
        (Some("card 3"), Some(1))
    );
    let shown = bot.edit_message_caption(chat, card.id).caption("card 4").await.unwrap();
    assert!(shown.reply_markup().is_none());
    bot.edit_message_reply_markup(chat, card.id)
        .reply_markup(keyboard("c"))
        .await
        .unwrap();
    bot.send_photo(chat, photo()).caption("look").await.unwrap();
    let note = bot
        .send_video_note(chat, InputFile::memory(vec![1_u8; 5000]))
        .length(640)
        .duration(30)
        .await
        .unwrap();
    assert_eq!(note.video_note().unwrap().length, 640);
    let video = bot
        .send_video(chat, InputFile::memory(vec![1_u8; 500]).file_name("a.mp4"))
        .await
        .unwrap();
    let again = bot
        .send_video(chat, InputFile::file_id(video.video().unwrap().file.id.clone()))
        .await
        .unwrap();
    assert_eq!(
        again.video().unwrap().file.unique_id,
        video.video().unwrap().file.unique_id
    );
    bot.delete_message(chat, card.id).await.unwrap();
    let gone = bot.edit_message_text(chat, card.id, "x").await;
    assert!(
        matches!(gone, Err(RequestError::Api(ApiError::MessageToEditNotFound))),
        "{gone:?}"
    );
    telegram.limits(Limits {
        chat_per_sec: 0,
        ..Limits::REAL
    });
    let refused = bot.send_message(chat, "x").await;
    assert!(
        matches!(&refused, Err(RequestError::RetryAfter(after)) if after.seconds() == 1),
        "{refused:?}"
    );
    telegram.limits(Limits::OFF);
    anna.block(true);
    tokio::time::sleep(Duration::from_millis(1)).await;
    let blocked = bot.send_message(chat, "x").await;
    assert!(
        matches!(blocked, Err(RequestError::Api(ApiError::BotBlocked))),
        "{blocked:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn updates_of_every_kind_can_be_read() {
    let telegram = Telegram::start();
    let anna = telegram.person("Anna");
    let bot = bot(&telegram);
    bot.send_message(ChatId(anna.chat), "card")
        .reply_markup(keyboard("go"))
        .await
        .unwrap();
    anna.start("recipe");
    anna.send_audio("a.mp3", vec![7; 100], 3, "Song", "Band");
    anna.send_voice(vec![1], 3);
    anna.send_video("b.mp4", vec![2], 3);
    anna.send_document("c.flac", vec![3], "audio/flac");
    anna.send_photo(vec![4]);
    anna.in_group(telegram.group("Friends")).say("/newsong@circles_bot");
    let tap = anna.tap("Tap");
    anna.block(true);
    let updates = bot.get_updates().await.unwrap();
    let words: Vec<&str> = updates
        .iter()
        .map(|update| match &update.kind {
            UpdateKind::Message(message) if message.text().is_some() => message.text().unwrap(),
            UpdateKind::Message(message) if message.audio().is_some() => "audio",
            UpdateKind::Message(message) if message.voice().is_some() => "voice",
            UpdateKind::Message(message) if message.video().is_some() => "video",
            UpdateKind::Message(message) if message.document().is_some() => "document",
            UpdateKind::Message(message) if message.photo().is_some() => "photo",
            UpdateKind::CallbackQuery(query) => query.data.as_deref().unwrap(),
            UpdateKind::MyChatMember(_) => "member",
            other => panic!("{other:?}"),
        })
        .collect();
    let expected = [
        "/start recipe",
        "audio",
        "voice",
        "video",
        "document",
        "photo",
        "/newsong@circles_bot",
        "go",
        "member",
    ];
    assert_eq!(words, expected);
    let UpdateKind::Message(message) = &updates[1].kind else {
        unreachable!()
    };
    let audio = message.audio().unwrap();
    assert_eq!(
        (audio.title.as_deref(), audio.performer.as_deref()),
        (Some("Song"), Some("Band"))
    );
    let file = bot.get_file(audio.file.id.clone()).await.unwrap();
    let mut bytes = Vec::new();
    bot.download_file(&file.path, &mut bytes).await.unwrap();
    assert_eq!(bytes, vec![7; 100]);
    anna.block(false);
    bot.answer_callback_query(teloxide::types::CallbackQueryId(tap.clone()))
        .text("yes")
        .await
        .unwrap();
    assert_eq!(anna.answer_to(&tap, SOON)["text"], "yes");
    let offset = updates.last().unwrap().id.0 as i32 + 1;
    let typed = {
        let anna = anna.clone();
        tokio::task::spawn_blocking(move || anna.inline("queen", SOON))
    };
    let query = loop {
        let updates = bot.get_updates().offset(offset).timeout(5).await.unwrap();
        let found = updates.into_iter().find_map(|update| match update.kind {
            UpdateKind::InlineQuery(query) => Some(query),
            _ => None,
        });
        if let Some(query) = found {
            break query;
        }
    };
    let content = InputMessageContent::Text(InputMessageContentText::new("card"));
    let article = InlineQueryResult::Article(InlineQueryResultArticle::new("1", "Queen", content));
    bot.answer_inline_query(query.id, [article]).await.unwrap();
    assert_eq!(typed.await.unwrap()["results"][0]["title"], "Queen");
}
