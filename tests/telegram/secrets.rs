//! The token is nowhere it could be read.

use std::io::Write;
use std::sync::{Arc, Mutex};

use musiccircles::deliver::telegram::{Button, KeyboardError, Marked, Marker, Place, Press, Token, token::scrub};

use super::{QUICK, circle, client, client_at, first_keyboard};
use crate::support::telegram::{Answer, Cut, Fault, Telegram, next};

const TOKEN: &str = "123456789:AAFakeToken_of-thirty-five-letters1";

#[test]
fn a_token_is_recognised_by_its_form() {
    assert_eq!(Token::parse(TOKEN).unwrap().bot_id(), 123_456_789);
    assert!(Token::parse(&format!(" {TOKEN}\n")).is_some());
    for wrong in [
        "",
        "token",
        "123456789",
        "12:AAFakeToken_of-thirty-five-letters1",
        "123456789:short",
        &format!("{TOKEN}/x"),
    ] {
        assert!(Token::parse(wrong).is_none(), "{wrong}");
    }
}

#[test]
fn any_text_can_be_rid_of_tokens() {
    for (text, clean) in [
        (
            format!("https://api.telegram.org/bot{TOKEN}/getMe failed"),
            "https://api.telegram.org/bot<token>/getMe failed",
        ),
        (format!("{TOKEN},{TOKEN}"), "<token>,<token>"),
        (format!("ж{}ж", TOKEN.replace(':', "%3A")), "ж<token>ж"),
        (
            "at 12:30, port 127.0.0.1:8080, 1234567:short".to_owned(),
            "at 12:30, port 127.0.0.1:8080, 1234567:short",
        ),
    ] {
        assert_eq!(scrub(&text), clean);
    }
}

#[test]
fn nothing_that_can_be_printed_shows_the_token() {
    let client = client_at("https://api.telegram.org", TOKEN, QUICK);
    let shown = format!("{client:?} {:?}", Token::parse(TOKEN));
    assert!(!shown.contains("AAFakeToken"), "{shown}");
}

/// Where a test's log goes.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn no_failure_writes_the_token_into_a_log_or_an_outcome() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let telegram = Telegram::start();
    let anna = telegram.person("Anna");
    let secret = telegram.token().split_once(':').unwrap().1.to_owned();
    let words = tracing::subscriber::with_default(subscriber, || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let mut words = String::new();
            for fault in [
                Fault::Cut(Cut::AfterHead),
                Fault::refused(Answer::Close),
                Fault::accepted(Answer::Truncated(3)),
                Fault::refused(Answer::Status {
                    status: 502,
                    html: true,
                }),
                Fault::refused(Answer::Status {
                    status: 400,
                    html: false,
                }),
            ] {
                telegram.script(next("sendVideoNote", [fault]));
                let outcome = client(&telegram)
                    .send_circle(Place::chat(anna.chat), &circle(&telegram, 1_000), &first_keyboard("m"))
                    .await;
                words += &format!("{outcome:?}\n");
            }
            let dead = client_at(&telegram.dead_url(), telegram.token(), QUICK);
            let outcome = dead
                .send_circle(Place::chat(anna.chat), &circle(&telegram, 1_000), &first_keyboard("m"))
                .await;
            words + &format!("{outcome:?}\n")
        })
    });
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("a request got no answer"), "{log}");
    assert!(!log.contains(&secret) && !words.contains(&secret), "{log}{words}");
}

#[test]
fn a_keyboard_without_the_marker_is_none() {
    let (marker, other) = (Marker::new("0123-abc_D").unwrap(), Marker::new("x").unwrap());
    let button = |data: String| Button {
        text: "again".to_owned(),
        press: Press::Callback(data),
    };
    assert_eq!(Marked::new(&marker, &[]), Err(KeyboardError::Unmarked));
    assert_eq!(
        Marked::new(&marker, &[vec![button(other.callback_data(""))]]),
        Err(KeyboardError::Unmarked)
    );
    assert!(Marked::new(&marker, &[vec![button(marker.callback_data("again"))]]).is_ok());
    let long = vec![button(marker.callback_data("")), button("x".repeat(65))];
    assert_eq!(
        Marked::new(&marker, &[long]),
        Err(KeyboardError::DataLength { bytes: 65 })
    );
    assert_eq!(Marker::of("d:0123-abc_D:look"), Some((marker.clone(), "look")));
    assert_eq!(Marker::of("d:0123-abc_D"), Some((marker, "")));
    for none in ["", "d:", "d::look", "x:1", "d:ж", &format!("d:{}", "x".repeat(33))] {
        assert_eq!(Marker::of(none), None, "{none}");
    }
}
