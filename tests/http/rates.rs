//! How often strangers may ask: every address for itself, and a proxy of ours is believed about whose it is.

use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode, header};

use super::server::{Server, detail};

/// A quarter of a minute's 60; after that one comes with every second.
const AT_ONCE: u64 = 15;

/// Asks so often from there; how many were let through. All others are told when to come back.
async fn let_through(server: &Server, forwarded: &str, times: usize) -> u64 {
    let mut through = 0;
    for _ in 0..times {
        let asked = server
            .ask(Method::GET, "/api/v1/themes")
            .header("x-forwarded-for", forwarded);
        let answer = asked.send().await.unwrap();
        if answer.status() == StatusCode::OK {
            through += 1;
            continue;
        }
        assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS, "{forwarded}");
        assert_eq!(answer.headers()[header::RETRY_AFTER], "1");
        assert!(detail(answer).await.contains("try again in 1 s"));
    }
    through
}

#[tokio::test]
async fn an_address_that_asks_too_often_is_slowed_down_and_no_other() {
    let server = Server::with(&[
        ("HTTP__REQUESTS_PER_MINUTE", "60"),
        ("HTTP__TRUSTED_PROXIES", "127.0.0.1"),
    ])
    .await;
    let began = Instant::now();
    let since = || began.elapsed().as_secs() + 1;
    let first = let_through(&server, "192.0.2.1", 40).await;
    // What it claims to stand before it is no other address.
    let claimed = let_through(&server, "198.51.100.9, 192.0.2.1", 10).await;
    assert!(
        first >= AT_ONCE && first + claimed <= AT_ONCE + since(),
        "{first} and {claimed}"
    );
    assert_eq!(let_through(&server, "192.0.2.2", 15).await, AT_ONCE);
    // A household has one network of IPv6, and all its addresses.
    let began = Instant::now();
    let one = let_through(&server, "2001:db8:0:1::1", 15).await;
    let beside = let_through(&server, "2001:db8:0:1:ffff::2", 10).await;
    assert!(
        one == AT_ONCE && beside <= began.elapsed().as_secs() + 1,
        "{one} and {beside}"
    );
    assert_eq!(let_through(&server, "2001:db8:0:2::1", 15).await, AT_ONCE);
    // Who watches us is answered however often they ask.
    for _ in 0..40 {
        let watching = server
            .ask(Method::GET, "/healthz")
            .header("x-forwarded-for", "192.0.2.1");
        assert_eq!(watching.send().await.unwrap().status(), StatusCode::OK);
    }
    // It said one second, and that is what it was.
    let_through(&server, "192.0.2.1", 40).await;
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert_eq!(let_through(&server, "192.0.2.1", 1).await, 1);
}
