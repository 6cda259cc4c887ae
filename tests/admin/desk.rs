//! A service with operators, and one of them at its page.

use musiccircles::http::admin_token;
use reqwest::{Method, RequestBuilder, Response, StatusCode, header};
use serde_json::{Value, json};

use crate::http::server::Server;

pub const ROOT: &str = "/api/v1/admin/";

/// Both tokens, and the service that knows their hashes.
pub struct Desk {
    pub server: Server,
    pub admin_token: String,
    pub viewer_token: String,
}

impl Desk {
    pub async fn open() -> Self {
        Self::with(&[]).await
    }

    pub async fn with(settings: &[(&str, &str)]) -> Self {
        Self::over(tempfile::tempdir().unwrap(), settings).await
    }

    pub async fn over(folder: tempfile::TempDir, settings: &[(&str, &str)]) -> Self {
        let (admin_token, admin_hash) = admin_token::new().unwrap();
        let (viewer_token, viewer_hash) = admin_token::new().unwrap();
        let mut all = vec![
            ("ADMIN__TOKEN_HASH", &*admin_hash),
            ("ADMIN__VIEWER_TOKEN_HASH", &*viewer_hash),
            // Whoever is behind it is who it says: a test comes from many addresses.
            ("HTTP__TRUSTED_PROXIES", "127.0.0.1"),
        ];
        all.extend(settings);
        Self {
            server: Server::over(folder, &all).await,
            admin_token,
            viewer_token,
        }
    }

    pub async fn admin(&self) -> Operator<'_> {
        self.operator(json!({ "token": self.admin_token })).await
    }

    pub async fn viewer(&self) -> Operator<'_> {
        self.operator(json!({ "token": self.viewer_token })).await
    }

    async fn operator(&self, key: Value) -> Operator<'_> {
        // Not the address that others were slowed down for.
        let answer = self.sign_in(&key, "192.0.2.200").await;
        assert_eq!(answer.status(), StatusCode::OK, "{}", answer.text().await.unwrap());
        Operator {
            server: &self.server,
            cookie: cookie(&answer).expect("no cookie"),
        }
    }

    /// One attempt from this address.
    pub async fn sign_in(&self, key: &Value, address: &str) -> Response {
        let asked = self.server.ask(Method::POST, &format!("{ROOT}session"));
        let asked = asked.header("x-operators-page", "1").header("x-forwarded-for", address);
        asked.json(key).send().await.unwrap()
    }
}

/// Somebody who is signed in.
pub struct Operator<'a> {
    server: &'a Server,
    pub cookie: String,
}

impl Operator<'_> {
    pub fn ask(&self, method: Method, path: &str) -> RequestBuilder {
        let asked = self.server.ask(method, &format!("{ROOT}{path}"));
        asked
            .header(header::COOKIE, &self.cookie)
            .header("x-operators-page", "1")
    }

    pub async fn get(&self, path: &str) -> Value {
        let answer = self.ask(Method::GET, path).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        answer.json().await.unwrap()
    }

    pub async fn post(&self, path: &str, body: Value) -> Response {
        self.ask(Method::POST, path).json(&body).send().await.unwrap()
    }

    pub async fn delete(&self, path: &str) -> StatusCode {
        self.ask(Method::DELETE, path).send().await.unwrap().status()
    }
}

/// `name=value` as it is sent back.
pub fn cookie(answer: &Response) -> Option<String> {
    let told = answer.headers().get(header::SET_COOKIE)?.to_str().ok()?;
    Some(told.split(';').next()?.to_owned())
}
