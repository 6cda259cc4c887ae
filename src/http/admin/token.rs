//! Tokens of operators: one made, with the hash that goes into the settings; one tried against that hash.
//!
//! A token of ours has 256 random bits, which no hash makes easier or harder to find. It is argon2 all the same, because the
//! settings take any hash, and a person may have put a word of their own there: then a copy of the settings, of a backup of
//! them or of the environment still opens nothing. It costs 19 MiB and some 20 ms a try, so that one is tried at a time.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use rand::Rng;

/// So that a token found somewhere is known for what it is.
const PREFIX: &str = "mca_";
/// What is shorter is no token, whatever its hash; what is longer is not worth hashing.
const CHARS: std::ops::RangeInclusive<usize> = 32..=200;

/// A token and its hash; `None` without the memory to make it.
pub fn new() -> Option<(String, String)> {
    let (secret, salt): ([u8; 32], [u8; 16]) = rand::rng().random();
    let secret: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    let token = format!("{PREFIX}{secret}");
    let hash = Argon2::default()
        .hash_password_with_salt(token.as_bytes(), &salt)
        .ok()?;
    Some((token, PasswordHash::to_string(&hash)))
}

/// Whether this token belongs to this hash. Takes its time.
pub fn belongs(token: &str, hash: &str) -> bool {
    if !CHARS.contains(&token.len()) {
        return false;
    }
    let Ok(hash) = PasswordHash::new(hash) else {
        tracing::error!(
            "the hash of an operator's token in the settings cannot be read; make another by `musiccircles admin-token`"
        );
        return false;
    };
    Argon2::default().verify_password(token.as_bytes(), &hash).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_opens_its_own_hash_and_no_other() {
        let ((token, hash), (other, _)) = (new().unwrap(), new().unwrap());
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(belongs(&token, &hash));
        assert!(!belongs(&other, &hash) && !belongs("", &hash) && !belongs(&token, "$argon2id$nonsense"));
        assert!(!belongs(&hash, &hash));
    }
}
