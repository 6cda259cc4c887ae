//! Circles on their way to Telegram, over real sockets, against the stand-in.

mod faults;
mod limiter;
mod outcomes;
mod probe;
mod secrets;
mod standin;
mod standin_teloxide;
mod standin_updates;

use std::path::PathBuf;
use std::time::Duration;

use musiccircles::deliver::telegram::{
    Button, Client, Clip, Files, Marked, Marker, Media, Patience, Press, Settings, Token,
};

use crate::support::telegram::Telegram;

/// Loopback answers at once; a machine at work may need a little longer.
const SOON: Duration = Duration::from_secs(5);

/// For tests in which nobody is meant to lose patience, however busy the machine.
const CALM: Patience = Patience {
    connect: Duration::from_secs(10),
    write_stall: Duration::from_secs(10),
    answer: Duration::from_secs(10),
    whole: Duration::from_secs(60),
};

/// For tests that wait until it is lost.
const QUICK: Patience = Patience {
    connect: Duration::from_secs(2),
    write_stall: Duration::from_millis(700),
    answer: Duration::from_millis(700),
    whole: Duration::from_secs(20),
};

fn client(telegram: &Telegram) -> Client {
    client_at(&telegram.url(), telegram.token(), CALM)
}

fn client_at(url: &str, token: &str, patience: Patience) -> Client {
    Client::new(Settings {
        api_url: url.to_owned(),
        token: Token::parse(token).unwrap(),
        files: Files::Upload,
        patience,
    })
    .unwrap()
}

/// A circle's file of so many bytes, which are no film: the stand-in believes what is said about it.
fn circle(telegram: &Telegram, bytes: usize) -> Clip {
    let path = telegram.folder().join(format!("circle-{bytes}.mp4"));
    if !path.exists() {
        std::fs::write(&path, vec![7_u8; bytes]).unwrap();
    }
    clip(Media::File(path))
}

fn clip(media: Media) -> Clip {
    Clip {
        media,
        side_px: 640,
        duration: Duration::from_secs(30),
        thumbnail: None,
    }
}

fn known(id: &str) -> Clip {
    clip(Media::Known(id.to_owned()))
}

/// The keyboard a circle is sent with.
fn first_keyboard(marker: &str) -> Marked {
    keyboard(marker, "…")
}

/// The one it has in the end.
fn final_keyboard(marker: &str) -> Marked {
    keyboard(marker, "Another moment")
}

fn keyboard(marker: &str, text: &str) -> Marked {
    let marker = Marker::new(marker).unwrap();
    let button = Button {
        text: text.to_owned(),
        press: Press::Callback(marker.callback_data("")),
    };
    Marked::new(&marker, &[vec![button]]).unwrap()
}

fn demo_file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("assets/demo").join(name)
}
