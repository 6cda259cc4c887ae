//! Telegram on loopback: our own stand-in of a Bot API server, for tests and for nothing else.
//!
//! Real HTTP on a real port, so the program meets it as it meets Telegram, also from another process:
//!
//! ```ignore
//! let telegram = Telegram::start();                       // a thread of its own, a free port
//! let anna = telegram.person("Anna");                     // a person in a private chat with the bot
//! // the program under test: api_url = telegram.url(), token = telegram.token()
//! anna.say("queen");
//! let card = anna.wait_for_words("Queen", SOON);          // blocks; panics with the chat and the ledger's end
//! anna.tap("Create");
//! anna.wait_for_kind("video_note", card.id, SOON);
//! assert_eq!(telegram.sent_with("marker").len(), 1);      // the ledger knows what really happened
//! ```
//!
//! * **Methods** (`methods/`): sending, editing and deleting with Telegram's rules and Telegram's words; callback and inline
//!   queries; files in the cloud or, as a local server, on disk; long polling and webhooks. A video note that is too long,
//!   too large or not square becomes a video without a word, as it does there.
//! * **Message numbers**: one counter for all private chats of a bot, one for each group.
//! * **Ledger** (`ledger.rs`): every message, edit, refusal and fault, also as lines in a file.
//! * **Limits** (`limits.rs`): 30 a second, one a second in a chat, 20 a minute in a group; off unless switched on.
//! * **Faults** (`fault.rs`): any request cut at any byte, any answer delayed, doubled, torn or replaced, one by one
//!   ([`next`]) or by chance from a seed ([`Seeded`]); updates repeated and out of order ([`Telegram::disorder`]).
//! * **People** (`person.rs`): what a person does and sees, in a group also what the bot does not hear.
//! * **Mini Apps** (`mini_app.rs`): what Telegram signs about who opens one.
//! * **Impostors** (`impostor.rs`): who calls the bot's webhook and is not Telegram.

mod fault;
mod files;
mod http;
pub mod impostor;
pub mod ledger;
mod limits;
mod methods;
pub mod mini_app;
mod params;
mod person;
mod serve;
mod updates;
mod webhook;
mod world;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, MutexGuard};

use serde_json::{Value, json};
use tokio::net::TcpSocket;
use tokio::runtime::{Builder, Runtime};

pub use fault::{Answer, Cut, Fault, Script, Seeded, is_send, next};
pub use ledger::{Entry, What};
pub use limits::Limits;
pub use person::{Person, Seen, Tappable};

use ledger::Ledger;
use serve::Shared;
use world::{Bot, Chat, World};

/// A running stand-in. Dropped, it ends with every connection.
pub struct Telegram {
    shared: Arc<Shared>,
    address: SocketAddr,
    /// Bound and not listening: whoever connects is refused.
    dead: TcpSocket,
    token: String,
    folder: tempfile::TempDir,
    runtime: Option<Runtime>,
}

/// The first bot's number.
const BOT: i64 = 7_000_001;
/// The first person's and the first group's number.
const PERSON: i64 = 500_001;
const GROUP: i64 = -1_001_000_000_001;
const SMALL_GROUP: i64 = -4_001;

impl Telegram {
    /// The cloud, with one bot, no limits and no faults.
    pub fn start() -> Self {
        Self::open(false)
    }

    /// A local Bot API server: files by path and of any size.
    pub fn start_local() -> Self {
        Self::open(true)
    }

    fn open(local: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let world = World {
            bots: Default::default(),
            ledger: Ledger::new(Some(&folder.path().join(LEDGER))),
            limits: Limits::OFF,
            script: Box::new(|_| None),
            local: local.then(|| folder.path().to_owned()),
            outage: false,
            connections: 0,
        };
        let shared = Arc::new(Shared::new(world));
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let bound = || {
            let socket = TcpSocket::new_v4().unwrap();
            socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
            socket
        };
        let dead = bound();
        let listener = {
            // Entered and not waited for: an async test may start one, too.
            let _inside = runtime.enter();
            bound().listen(1024).unwrap()
        };
        let address = listener.local_addr().unwrap();
        runtime.spawn(serve::listen(Arc::clone(&shared), listener));
        let mut telegram = Self {
            shared,
            address,
            dead,
            token: String::new(),
            folder,
            runtime: Some(runtime),
        };
        telegram.token = telegram.add_bot("circles_bot");
        telegram
    }

    /// What the program is given as `api_url`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// An address that refuses connections, as long as this lives.
    pub fn dead_url(&self) -> String {
        format!("http://{}", self.dead.local_addr().unwrap())
    }

    /// The first bot's.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Another bot; its token comes back.
    pub fn add_bot(&self, username: &str) -> String {
        let mut world = self.world();
        let id = BOT + world.bots.len() as i64;
        let token = format!("{id}:AAStandIn_{id:024}-x");
        world.bots.insert(token.clone(), Bot::new(id, username));
        token
    }

    /// A new person, who has started a private chat with the first bot. Nobody is told.
    pub fn person(&self, name: &str) -> Person {
        self.person_of(&self.token, name)
    }

    pub fn person_of(&self, token: &str, name: &str) -> Person {
        let mut world = self.world();
        let bot = world.bots.get_mut(token).unwrap();
        let id = PERSON + bot.chats.len() as i64;
        let username = name.to_lowercase();
        let shown = json!({ "id": id, "type": "private", "first_name": name, "username": username });
        bot.chats.insert(id, Chat::new(shown));
        let user = json!({
            "id": id, "is_bot": false, "first_name": name, "username": username, "language_code": "ru",
        });
        Person::new(&self.shared, token, id, user)
    }

    /// A new supergroup with the first bot in it; see [`Person::in_group`].
    pub fn group(&self, title: &str) -> i64 {
        let mut world = self.world();
        let bot = world.bots.get_mut(&self.token).unwrap();
        let id = GROUP - bot.chats.len() as i64;
        let shown = json!({ "id": id, "type": "supergroup", "title": title });
        bot.chats.insert(id, Chat::new(shown));
        id
    }

    /// A new small group with the first bot in it: its messages are counted with those of the private chats. It may become a
    /// supergroup, see [`Person::move_group`].
    pub fn small_group(&self, title: &str) -> i64 {
        let mut world = self.world();
        let bot = world.bots.get_mut(&self.token).unwrap();
        let id = SMALL_GROUP - bot.chats.len() as i64;
        let shown = json!({ "id": id, "type": "group", "title": title });
        bot.chats.insert(id, Chat::new(shown));
        id
    }

    /// The next so many video notes become ordinary videos, however small they are.
    pub fn next_notes_are_videos(&self, count: usize) {
        self.bot(|bot| bot.squared_notes = count);
    }

    /// Decides about faults from now on; `Box::new(|_| None)` ends them.
    pub fn script(&self, script: Script) {
        self.world().script = script;
    }

    pub fn limits(&self, limits: Limits) {
        self.world().limits = limits;
    }

    /// While it lasts every request is met with a reset.
    pub fn outage(&self, outage: bool) {
        self.world().outage = outage;
    }

    /// Every update comes 1 to `most_copies` times from now on, and out of order.
    pub fn disorder(&self, seed: u64, most_copies: usize) {
        self.bot(|bot| bot.updates.disorder(seed, most_copies, true));
    }

    /// Every update comes 1 to `most_copies` times from now on, and what came first was said first.
    pub fn repeat(&self, seed: u64, most_copies: usize) {
        self.bot(|bot| bot.updates.disorder(seed, most_copies, false));
    }

    /// The number of the next update.
    pub fn jump_update_ids(&self, next: i64) {
        self.bot(|bot| bot.updates.jump(next));
    }

    /// How many updates the bot has not confirmed.
    pub fn unconfirmed(&self) -> usize {
        self.bot(|bot| bot.updates.waiting())
    }

    /// Every file id of these bytes is unknown from now on.
    pub fn forget_file(&self, unique_id: &str) {
        self.bot(|bot| bot.files.drop_ids(unique_id));
    }

    /// An update as nobody but Telegram itself could make it.
    pub fn tell(&self, kind: &str, value: Value) {
        self.bot(|bot| bot.updates.push(kind, value));
        self.shared.announce();
    }

    /// The button beside what people write, as the bot has set it.
    pub fn menu(&self) -> Value {
        self.bot(|bot| bot.menu.clone())
    }

    /// The commands the bot has set.
    pub fn commands(&self) -> Value {
        self.bot(|bot| bot.commands.clone())
    }

    /// The chat actions shown so far: chat and action.
    pub fn actions(&self) -> Vec<(i64, String)> {
        self.bot(|bot| bot.actions.clone())
    }

    /// Everything that happened so far.
    pub fn ledger(&self) -> Vec<Entry> {
        self.ledger_since(0)
    }

    /// What happened from this entry on.
    pub fn ledger_since(&self, seq: usize) -> Vec<Entry> {
        self.world().ledger.entries().get(seq..).unwrap_or_default().to_vec()
    }

    /// The same in a file, which another process may read with [`ledger::read`].
    pub fn ledger_path(&self) -> std::path::PathBuf {
        self.folder.path().join(LEDGER)
    }

    /// A folder that lives as long as this.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The messages that were made with this delivery marker: one, if all is well.
    pub fn sent_with(&self, marker: &str) -> Vec<Entry> {
        let world = self.world();
        let entries = world.ledger.entries().iter();
        let sent = entries.filter(|entry| entry.what == What::Sent && entry.marker.as_deref() == Some(marker));
        sent.cloned().collect()
    }

    /// How many messages were too many, or too soon.
    pub fn too_fast(&self) -> usize {
        let world = self.world();
        let entries = world.ledger.entries().iter();
        entries.filter(|entry| entry.what == What::TooFast).count()
    }

    fn bot<T>(&self, act: impl FnOnce(&mut Bot) -> T) -> T {
        act(self.world().bots.get_mut(&self.token).unwrap())
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.shared.world()
    }
}

const LEDGER: &str = "ledger.jsonl";

impl Drop for Telegram {
    fn drop(&mut self) {
        // Also inside an async test, where waiting for it is not allowed.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
