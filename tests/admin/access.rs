//! Every route by every role: the list is the program's own, so that none is left out.

use musiccircles::http::{Role, openapi, operators_routes};
use reqwest::{Method, Response, StatusCode, header};
use serde_json::json;

use super::desk::{Desk, cookie};
use super::work::{ordered, until};
use crate::http::fuzz::check;
use crate::http::server::song_bytes;

/// With something in the place of each parameter.
fn address(path: &str) -> String {
    let parts = path
        .split('/')
        .map(|part| if part.starts_with('{') { "1" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

async fn knock(desk: &Desk, method: &Method, path: &str, cookie: Option<&str>, own_page: bool) -> Response {
    let mut asked = desk.server.ask(method.clone(), &address(path));
    if let Some(cookie) = cookie {
        asked = asked.header(header::COOKIE, cookie);
    }
    if own_page {
        asked = asked.header("x-operators-page", "1");
    }
    if *method == Method::POST {
        asked = asked.json(&json!({}));
    }
    asked.send().await.unwrap()
}

#[tokio::test]
async fn no_route_opens_without_a_session() {
    let desk = Desk::open().await;
    let signed_out = desk.admin().await;
    assert_eq!(signed_out.delete("session").await, StatusCode::NO_CONTENT);
    let made_up = format!("musiccircles_operator={}", "0f".repeat(32));
    let mut closed = 0;
    for (method, path, role) in operators_routes() {
        if role.is_none() {
            continue;
        }
        for cookie in [
            None,
            Some("musiccircles_operator="),
            Some(&*made_up),
            Some(&*signed_out.cookie),
        ] {
            let answer = knock(&desk, &method, path, cookie, true).await;
            assert_eq!(
                answer.status(),
                StatusCode::UNAUTHORIZED,
                "{method} {path} with {cookie:?}"
            );
            closed += 1;
        }
    }
    assert!(closed >= 60, "{closed}");
    // Nor with a key of the API, nor for being this machine.
    let asked = desk
        .server
        .ask(Method::GET, "/api/v1/admin/live")
        .bearer_auth(&desk.admin_token);
    assert_eq!(asked.send().await.unwrap().status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_viewer_looks_and_changes_nothing() {
    let desk = Desk::open().await;
    let viewer = desk.viewer().await;
    let (mut seen, mut refused) = (0, 0);
    for (method, path, role) in operators_routes() {
        match role {
            Some(Role::Viewer) if method == Method::GET => {
                let status = knock(&desk, &method, path, Some(&viewer.cookie), false).await.status();
                // There is no job 1.
                let fits = status == StatusCode::OK || (path.contains('{') && status == StatusCode::NOT_FOUND);
                assert!(fits, "{method} {path}: {status}");
                seen += 1;
            }
            Some(Role::Admin) => {
                let status = knock(&desk, &method, path, Some(&viewer.cookie), true).await.status();
                assert_eq!(status, StatusCode::FORBIDDEN, "{method} {path}");
                refused += 1;
            }
            _ => {}
        }
    }
    assert!(seen >= 8 && refused >= 7, "{seen} {refused}");
    let audit = viewer.get("audit").await;
    let done: Vec<_> = audit["audit"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["action"].clone())
        .collect();
    assert_eq!(done, ["sign in"]);
}

#[tokio::test]
async fn an_admin_changes_things_from_the_page_alone() {
    let desk = Desk::open().await;
    let admin = desk.admin().await;
    for (method, path, role) in operators_routes() {
        if role != Some(Role::Admin) {
            continue;
        }
        let elsewhere = knock(&desk, &method, path, Some(&admin.cookie), false).await.status();
        assert_eq!(elsewhere, StatusCode::FORBIDDEN, "{method} {path}");
        let status = knock(&desk, &method, path, Some(&admin.cookie), true).await.status();
        let opens = [StatusCode::NOT_FOUND, StatusCode::UNPROCESSABLE_ENTITY].contains(&status);
        assert!(opens, "{method} {path}: {status}");
    }
}

#[tokio::test]
async fn the_cookie_stays_where_it_belongs_and_other_sites_are_not_let_in() {
    let desk = Desk::with(&[("HTTP__CORS_ORIGINS", "*")]).await;
    let answer = desk.sign_in(&json!({ "token": desk.admin_token }), "192.0.2.1").await;
    let told = answer.headers()[header::SET_COOKIE].to_str().unwrap().to_owned();
    for word in [
        "; HttpOnly",
        "; SameSite=Strict",
        "; Path=/api/v1/admin",
        "; Max-Age=43200",
    ] {
        assert!(told.contains(word), "no {word} in {told}");
    }
    assert!(!told.contains("Secure"), "{told}");
    assert!(cookie(&answer).unwrap().len() > 64 && !answer.text().await.unwrap().contains("musiccircles_operator"));
    let over_tls = desk.server.ask(Method::POST, "/api/v1/admin/session");
    let over_tls = over_tls
        .header("x-operators-page", "1")
        .header("x-forwarded-proto", "https");
    let over_tls = over_tls
        .json(&json!({ "token": desk.admin_token }))
        .send()
        .await
        .unwrap();
    assert!(
        over_tls.headers()[header::SET_COOKIE]
            .to_str()
            .unwrap()
            .contains("; Secure")
    );

    // A page of another site asks whether it may send the header, and may not.
    let asked = desk.server.ask(Method::OPTIONS, "/api/v1/admin/drain");
    let asked = asked
        .header(header::ORIGIN, "https://evil.example")
        .header(header::ACCESS_CONTROL_REQUEST_METHOD, "POST")
        .header(header::ACCESS_CONTROL_REQUEST_HEADERS, "x-operators-page");
    let answer = asked.send().await.unwrap();
    let allowed = answer.headers()[header::ACCESS_CONTROL_ALLOW_HEADERS].to_str().unwrap();
    assert!(!allowed.to_lowercase().contains("operators"), "{allowed}");
    assert!(!answer.headers().contains_key(header::ACCESS_CONTROL_ALLOW_CREDENTIALS));
}

#[tokio::test]
async fn the_page_is_whole_and_nobody_may_frame_it() {
    let desk = Desk::open().await;
    let page = desk.server.get("/admin").await;
    assert_eq!(page.status(), StatusCode::OK);
    let policy = page.headers()[header::CONTENT_SECURITY_POLICY]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(
        policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"),
        "{policy}"
    );
    let html = page.text().await.unwrap();
    assert!(
        !html.contains("style=") && !html.contains("onclick") && !html.contains("//"),
        "{html}"
    );
    let mut names: Vec<_> = html
        .split('"')
        .filter(|part| part.starts_with("/admin/"))
        .map(str::to_owned)
        .collect();
    assert!(names.len() >= 3, "{names:?}");
    // And what its modules import, down to the last one.
    while let Some(name) = names.pop() {
        let file = desk.server.get(&name).await;
        assert_eq!(file.status(), StatusCode::OK, "{name}");
        let text = file.text().await.unwrap();
        let imports = text
            .split("from \"./")
            .skip(1)
            .filter_map(|rest| rest.split('"').next());
        names.extend(imports.map(|import| format!("/admin/{import}")));
    }
    assert_eq!(
        desk.server.get("/admin/nothing.js").await.status(),
        StatusCode::NOT_FOUND
    );
}

/// Everything that is read is what the description says, and of each at least one row.
#[tokio::test]
async fn what_is_read_is_as_described() {
    let desk = Desk::open().await;
    let (server, admin) = (&desk.server, desk.admin().await);
    let song = server.send_song(song_bytes(2.0)).await;
    let job = ordered(server, &song, 0).await;
    until(server, &job, "done").await;
    let key = json!({ "name": "Site", "requests_per_minute": 5, "people": 1 });
    let made = admin.post("keys", key).await;
    let blocked = admin.post("blocked", json!({ "user": "-2909185279242180632" })).await;
    assert_eq!(
        (made.status(), blocked.status()),
        (StatusCode::CREATED, StatusCode::NO_CONTENT)
    );
    let description = openapi::description();
    let schemas = &description["components"]["schemas"];
    let mut read = 0;
    for (method, path, _) in operators_routes() {
        if method != Method::GET {
            continue;
        }
        let told = admin.get(address(path).trim_start_matches("/api/v1/admin/")).await;
        let schema = &description["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"];
        check(&told, schema, schemas).unwrap_or_else(|why| panic!("{path}: {why}"));
        read += 1;
    }
    assert!(read >= 8, "{read}");
    assert_eq!(admin.get("blocked").await["blocked"][0]["user"], "-2909185279242180632");
    for path in ["/healthz", "/readyz"] {
        let schema = &description["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"];
        check(&server.json(path).await, schema, schemas).unwrap_or_else(|why| panic!("{path}: {why}"));
    }
}
