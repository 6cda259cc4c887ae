//! What runs as long as the bot does. A loop that ends before it is told to leaves people unheard, and nobody would know: the
//! service ends with it, to be started again.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use tokio_util::sync::CancellationToken;

use super::{Intake, presence};
use crate::bot::desk::Desk;
use crate::bot::{outbox, rates, router, status};
use crate::deliver::telegram::Client;

/// Starts them; what comes back is cancelled when one of them has ended too early.
pub fn start(desk: &Arc<Desk>, sender: Client, intake: Intake) -> CancellationToken {
    let ended = CancellationToken::new();
    let sender = Arc::new(sender);
    let of = || Arc::clone(desk);
    watch(desk, &ended, "status", status::watch_all(of()));
    watch(desk, &ended, "outbox", outbox::send_all(of(), Arc::clone(&sender)));
    watch(desk, &ended, "search", outbox::look_for_all(of(), sender));
    watch(desk, &ended, "router", router::run(of()));
    watch(desk, &ended, "rates", rates::keep(of()));
    watch(desk, &ended, "intake", presence::hear(of(), intake));
    ended
}

fn watch(desk: &Desk, ended: &CancellationToken, name: &'static str, work: impl Future<Output = ()> + Send + 'static) {
    let (stopping, ended) = (desk.stopping.clone(), ended.clone());
    desk.tasks.spawn(async move {
        // How it panicked is in the log already.
        let _ = AssertUnwindSafe(work).catch_unwind().await;
        if !stopping.is_cancelled() {
            tracing::error!(part = name, "a part of the bot ended before it was told to");
            ended.cancel();
        }
    });
}
