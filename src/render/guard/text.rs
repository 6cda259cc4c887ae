//! Bounds a theme's text before the compiler sees it: the compiler recurses over expressions, types and `else if`, and writes
//! out constants, with no limits of its own that would keep a hostile text from exhausting stack or memory.

use std::collections::HashMap;

use super::super::check::Complaint;

/// Words and signs of a theme. Ours have up to 8,000.
const MAX_TOKENS: usize = 30_000;
/// Words and signs between two of `; { } ,`. An expression is a tree, and in the worst case this many levels deep.
const MAX_RUN: usize = 600;
/// Each `else if` lies inside the `else` before it.
const MAX_ELSE: usize = 400;
/// Numbers in one value, such as a table: the compiler copies a constant wherever one of its elements is taken.
const MAX_VALUE_WORDS: u64 = 1024;

/// Words and signs the compiler reads again where a value is used: it copies a constant table for each element that is taken
/// from it. Twenty times as much took it 28 s and 450 MB; ours have it read up to 28,000.
const MAX_READ_AGAIN: usize = 500_000;
/// How often the text is gone through for lengths that depend on each other. Two or three times are enough for any theme.
const MAX_PASSES: usize = 64;

struct Token<'a> {
    text: &'a str,
    at: usize,
}

/// The text without its comments, at the same places, so that nobody can disagree about what is one.
pub(super) fn bare(source: &str) -> Result<String, Complaint> {
    let complain = |at: usize, message: String| Err(Complaint::at(source, at, message));
    let bare = match without_comments(source) {
        Ok(bare) => bare,
        Err(at) => return complain(at, "this comment has no end; close it with */".to_owned()),
    };
    let tokens = tokens(&bare);
    if let Some(token) = tokens.get(MAX_TOKENS) {
        return complain(
            token.at,
            format!("a theme may have {MAX_TOKENS} words and signs; shorten it"),
        );
    }
    let (mut run, mut elses) = (0, 0);
    for token in &tokens {
        run = if matches!(token.text, ";" | "{" | "}" | ",") {
            0
        } else {
            run + 1
        };
        elses += usize::from(token.text == "else");
        if run > MAX_RUN {
            return complain(
                token.at,
                "this expression is too long; break it into several `let`".to_owned(),
            );
        }
        if elses > MAX_ELSE {
            return complain(
                token.at,
                format!("a theme may have {MAX_ELSE} `else`; use a table or a `switch`"),
            );
        }
    }
    if let Some(at) = read_too_often(&tokens) {
        return complain(
            at,
            "a long table is used too often up to here; use it in a function, and call that".to_owned(),
        );
    }
    match Sizes::new(&tokens).check() {
        Ok(()) => Ok(bare),
        Err((at, message)) => complain(at, message),
    }
}

/// Comments become spaces, byte for byte; or where one begins that has no end.
fn without_comments(source: &str) -> Result<String, usize> {
    let mut bare = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(c) = rest.chars().next() {
        let comment = if rest.starts_with("//") {
            rest.find(is_line_end).unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            block_comment(rest).ok_or(source.len() - rest.len())?
        } else {
            0
        };
        if comment == 0 {
            bare.push(c);
            rest = &rest[c.len_utf8()..];
        } else {
            bare.extend(std::iter::repeat_n(' ', comment));
            rest = &rest[comment..];
        }
    }
    Ok(bare)
}

/// The line breaks of WGSL, 3.1.
fn is_line_end(c: char) -> bool {
    matches!(c, '\u{a}'..='\u{d}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Length of the comment `text` begins with; they nest.
fn block_comment(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut depth, mut at) = (0_usize, 0);
    while at < bytes.len() {
        match bytes.get(at..at + 2) {
            Some(b"/*") => (depth, at) = (depth + 1, at + 2),
            Some(b"*/") => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

/// Names and numbers, and every other sign alone.
fn tokens(text: &str) -> Vec<Token<'_>> {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let length = if word(c) {
            text[at..].find(|c| !word(c)).unwrap_or(text.len() - at)
        } else {
            c.len_utf8()
        };
        // The two marks of direction are blanks in WGSL, 3.1.
        if !c.is_whitespace() && !matches!(c, '\u{200e}' | '\u{200f}') {
            let text = &text[at..at + length];
            tokens.push(Token { text, at });
        }
        at += length;
        // One more than any limit: the rest will not be looked at.
        if tokens.len() > MAX_TOKENS {
            break;
        }
    }
    tokens
}

/// How many numbers a type holds that is not declared.
fn built_in_words(name: &str) -> u64 {
    match name.get(..3) {
        Some("mat") => 16,
        Some("vec") => 4,
        _ => 1,
    }
}

/// The first use of a value that is one too many. A value is as long as its declaration, or as the longest value in that; where
/// several have the same name, as the longest of them.
fn read_too_often(tokens: &[Token<'_>]) -> Option<usize> {
    let mut lengths = HashMap::new();
    for _ in 0..MAX_PASSES {
        if !lengthen(tokens, &mut lengths) {
            let mut read = 0_usize;
            let one_too_many = tokens.iter().find(|token| {
                read += lengths.get(token.text).copied().unwrap_or(0);
                read > MAX_READ_AGAIN
            });
            return one_too_many.map(|token| token.at);
        }
    }
    // Values made of values made of values, declared backwards.
    tokens.last().map(|token| token.at)
}

/// Goes through all declarations once; whether any turned out to be longer than was known.
fn lengthen<'t>(tokens: &[Token<'t>], lengths: &mut HashMap<&'t str, usize>) -> bool {
    let mut grew = false;
    let mut declaring: Option<(&str, usize, usize)> = None;
    for (n, token) in tokens.iter().enumerate() {
        if matches!(token.text, "const" | "let" | "var") {
            declaring = tokens.get(n + 1).map(|name| (name.text, n, 0));
        } else if token.text == ";" {
            if let Some((name, start, longest)) = declaring.take() {
                let length = longest.max(n - start);
                let known = lengths.entry(name).or_insert(0);
                grew |= length > *known;
                *known = length.max(*known);
            }
        } else if let Some((_, _, longest)) = &mut declaring {
            *longest = lengths.get(token.text).copied().unwrap_or(0).max(*longest);
        }
    }
    grew
}

/// What is told about a fault: where, and what.
type Fault = (usize, String);

/// How many numbers the declared types hold.
struct Sizes<'t> {
    tokens: &'t [Token<'t>],
    /// Where the text of each `struct` and `alias` lies.
    declared: HashMap<&'t str, (usize, usize)>,
    known: HashMap<&'t str, u64>,
}

impl<'t> Sizes<'t> {
    fn new(tokens: &'t [Token<'t>]) -> Self {
        let mut declared = HashMap::new();
        for (n, token) in tokens.iter().enumerate() {
            let end = match token.text {
                "struct" => "}",
                "alias" => ";",
                _ => continue,
            };
            let length = tokens[n..].iter().position(|token| token.text == end);
            if let Some(name) = tokens.get(n + 1) {
                declared.insert(name.text, (n + 2, n + length.unwrap_or(tokens.len() - n)));
            }
        }
        Self {
            tokens,
            declared,
            known: HashMap::new(),
        }
    }

    /// No value is larger than it may be, and none has a size that cannot be told from the text.
    fn check(mut self) -> Result<(), Fault> {
        let mut names: Vec<_> = self.declared.iter().map(|(name, &(start, _))| (*name, start)).collect();
        names.sort_unstable_by_key(|(_, start)| *start);
        for (name, start) in names {
            let at = self.tokens.get(start).map_or(0, |token| token.at);
            if ["array", "vec2", "vec3", "vec4"].contains(&name) {
                return Err((at, format!("`{name}` is WGSL's own; use another name")));
            }
            if self.words_of(name, 0)? > MAX_VALUE_WORDS {
                return Err((
                    at,
                    format!("`{name}` holds more than {MAX_VALUE_WORDS} numbers; no theme needs that much"),
                ));
            }
        }
        for n in 0..self.tokens.len() {
            if self.tokens[n].text == "array" {
                let (words, _) = self.array(n, 0)?;
                if words > MAX_VALUE_WORDS {
                    let message =
                        format!("this array holds more than {MAX_VALUE_WORDS} numbers; no theme needs that much");
                    return Err((self.tokens[n].at, message));
                }
            }
        }
        Ok(())
    }

    fn words_of(&mut self, name: &'t str, depth: usize) -> Result<u64, Fault> {
        if let Some(&words) = self.known.get(name) {
            return Ok(words);
        }
        let Some(&(start, end)) = self.declared.get(name) else {
            return Ok(built_in_words(name));
        };
        if depth > 32 {
            let at = self.tokens.get(start).map_or(0, |token| token.at);
            return Err((
                at,
                format!("`{name}` is made of types in types in types; make it simpler"),
            ));
        }
        let mut words = 0_u64;
        let mut n = start;
        while n < end.min(self.tokens.len()) {
            let text = self.tokens[n].text;
            // A member is `name: TYPE`, an alias `= TYPE`; other words are names and attributes.
            let (more, next) = match text {
                "array" => self.array(n, depth + 1)?,
                _ if self.declared.contains_key(text) => (self.words_of(text, depth + 1)?, n + 1),
                _ if [":", "="].contains(&self.text(n - 1)) => (built_in_words(text), n + 1),
                _ => (0, n + 1),
            };
            words = words.saturating_add(more);
            n = next;
        }
        self.known.insert(name, words);
        Ok(words)
    }

    /// How many numbers the array type at token `n` holds, and the token after its type.
    fn array(&mut self, n: usize, depth: usize) -> Result<(u64, usize), Fault> {
        let at = self.tokens[n].at;
        let unclear = || {
            (
                at,
                "write an array as array<TYPE, NUMBER>, its size a plain number or a const that is one".to_owned(),
            )
        };
        if self.text(n + 1) != "<" || depth > 32 {
            return Err(unclear());
        }
        let (element, mut next) = match self.text(n + 2) {
            "array" => self.array(n + 2, depth + 1)?,
            name => (self.words_of(name, depth + 1)?, n + 3),
        };
        if self.text(next) == "<" {
            // `vec3<f32>`.
            next += 3;
        }
        if self.text(next) != "," {
            return Err(unclear());
        }
        let size = self.number(self.text(next + 1)).ok_or_else(unclear)?;
        next += 2 + usize::from(self.text(next + 2) == ",");
        if self.text(next) != ">" {
            return Err(unclear());
        }
        Ok((size.saturating_mul(element), next + 1))
    }

    /// Of token `n`; nothing behind the last one.
    fn text(&self, n: usize) -> &'t str {
        self.tokens.get(n).map_or("", |token| token.text)
    }

    /// A literal, or the largest const of this name, wherever it is declared: each must be a plain number.
    fn number(&self, word: &str) -> Option<u64> {
        let literal = |word: &str| word.trim_end_matches(['u', 'i']).parse::<u64>().ok();
        if word.starts_with(|c: char| c.is_ascii_digit()) {
            return literal(word);
        }
        let mut largest = None;
        for n in 1..self.tokens.len() {
            let declares =
                matches!(self.tokens[n - 1].text, "const" | "let" | "var" | "override") && self.tokens[n].text == word;
            if declares {
                let value = n + if self.text(n + 1) == ":" { 4 } else { 2 };
                if self.tokens[n - 1].text != "const" || self.text(value - 1) != "=" || self.text(value + 1) != ";" {
                    return None;
                }
                largest = largest.max(Some(literal(self.text(value))?));
            }
        }
        largest
    }
}
