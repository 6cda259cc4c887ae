//! `musiccircles admin-token`: a token for the operator's page, and the line of the settings that lets its holder in.

use super::CommandError;
use super::answer::{print_text, say};
use crate::http::admin_token;

pub fn run() -> Result<(), CommandError> {
    let made =
        admin_token::new().ok_or_else(|| CommandError::Machine("this machine has no memory to spare".to_owned()))?;
    let (token, hash) = made;
    say("the token is shown this once; keep it with your passwords, and put the line with the hash below [admin]");
    print_text(&format!("token: {token}\ntoken_hash = '{hash}'\n"))
}
