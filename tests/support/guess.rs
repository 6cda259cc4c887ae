//! Guesses at a secret, as somebody makes them who has seen most of it.

/// As many addresses as there are attempts: nobody is slowed down, and every one is really tried.
pub fn address(number: usize) -> String {
    format!("10.{}.{}.7", number / 250, number % 250)
}

/// One letter of it another one: each in its turn, and in every round by the next that is no part of it there.
pub fn near_misses(secret: &str, count: usize) -> Vec<String> {
    const OTHERS: &str = "abcdef0123456789";
    let letters: Vec<char> = secret.chars().collect();
    let miss = |n: usize| {
        let (at, round) = (n % letters.len(), n / letters.len());
        let other = OTHERS.chars().filter(|other| *other != letters[at]).nth(round);
        let mut letters = letters.clone();
        letters[at] = other.expect("so many others there are not");
        letters.into_iter().collect()
    };
    (0..count).map(miss).collect()
}

/// Each of its beginnings, from none of it to all but the last letter.
pub fn beginnings(secret: &str) -> Vec<String> {
    (0..secret.len()).map(|n| secret[..n].to_owned()).collect()
}
