//! Inline mode: `@bot ...` in any chat. A recipe becomes a card with its link; a name becomes songs to begin from.

use std::time::Duration;

use teloxide::types::{
    InlineQueryResult, InlineQueryResultArticle, InputMessageContent, InputMessageContentText, ParseMode,
};

use super::desk::{Desk, JobContext};
use super::messages::markup;
use super::outbox;
use super::recipe::{Recipe, SongRef};
use super::texts::{Lang, Line};
use super::view;
use crate::deliver::telegram::{Button, Press};
use crate::source::Cursor;
use crate::store::jobs;

/// Telegram shows more, people read fewer.
const RESULTS: usize = 10;
/// Typing somebody asks with every letter; shorter texts are not searched for.
const MIN_CHARS: usize = 3;
/// Between two letters.
const SETTLED: Duration = Duration::from_millis(250);
/// How long Telegram may give the same answer to the same person again.
const CACHE_SECS: u32 = 60;
/// The sharer's circles looked at for the name of a song.
const LOOKED_AT: u32 = 50;

pub async fn answer(desk: &Desk, query: &str, user: i64, lang: Lang, text: &str) {
    // Whoever goes on typing is asked again.
    tokio::time::sleep(SETTLED).await;
    if desk.is_blocked(user).await {
        return desk.messages.answer_inline(query, vec![], CACHE_SECS).await;
    }
    let lang = desk.prefs(user, lang).await.lang;
    let text = text.trim();
    let results = match Recipe::read(text) {
        Some(recipe) => {
            let song = song_name(desk, user, &recipe, lang).await;
            vec![card(desk, text, &song, &recipe, lang)]
        }
        None => found(desk, text, lang).await,
    };
    desk.messages.answer_inline(query, results, CACHE_SECS).await;
}

/// What the song of a recipe is called: the sharer made the circle, or the source knows.
async fn song_name(desk: &Desk, user: i64, recipe: &Recipe, lang: Lang) -> String {
    let made = desk
        .record(move |store| store.read(|conn| jobs::of_user(conn, user, None, LOOKED_AT)))
        .await;
    let written = recipe.write();
    let same = made.unwrap_or_default().into_iter().find_map(|job| {
        let context: JobContext = serde_json::from_str(&job.context).ok()?;
        (outbox::recipe(&context, &job.spec).write() == written).then_some(context.song)
    });
    if let Some(song) = same {
        return view::name(song.title.as_deref(), song.artist.as_deref(), lang);
    }
    if let (SongRef::Track(track), Some(sources)) = (&recipe.song, &desk.sources)
        && let Ok(found) = sources.info(track).await
    {
        return view::name(Some(&found.title), Some(&found.artist()), lang);
    }
    Line::new("share-title").plain(lang)
}

async fn found(desk: &Desk, text: &str, lang: Lang) -> Vec<InlineQueryResult> {
    let Some(sources) = desk.sources.as_ref().filter(|_| text.chars().count() >= MIN_CHARS) else {
        return vec![];
    };
    let page = sources.search(text, RESULTS, Cursor::default()).await;
    let cards = page.results.iter().filter_map(|found| {
        let recipe = Recipe {
            song: SongRef::Track(found.track.clone()),
            start_ms: 0,
            length_ms: 30_000,
            theme: desk.house.theme.clone(),
            speed: "33.333".into(),
            settings: Default::default(),
        };
        let song = view::name(Some(&found.title), Some(&found.artist()), lang);
        Some(card(desk, &recipe.write()?, &song, &recipe, lang))
    });
    cards.collect()
}

fn card(desk: &Desk, parameter: &str, song: &str, recipe: &Recipe, lang: Lang) -> InlineQueryResult {
    let text = Line::new("share-card")
        .with("song", song)
        .with("start", view::clock(recipe.start_ms))
        .with("end", view::clock(recipe.start_ms + recipe.length_ms))
        .with("theme", view::theme_title(&recipe.theme, lang))
        .html(lang);
    let content = InputMessageContentText::new(text).parse_mode(ParseMode::Html);
    let open = Button {
        text: Line::new("share-open").plain(lang),
        press: Press::Url(format!("https://t.me/{}?start={parameter}", desk.me.username)),
    };
    let article = InlineQueryResultArticle::new(parameter, song, InputMessageContent::Text(content))
        .description(view::theme_title(&recipe.theme, lang))
        .reply_markup(markup(&vec![vec![open]]));
    InlineQueryResult::Article(article)
}
