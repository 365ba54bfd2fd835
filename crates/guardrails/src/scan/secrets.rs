//! Secrets: keys and tokens by the form that their issuers give them, keys in PEM, passwords in addresses and
//! assignments, and what looks random beside a word such as `token`.

use memchr::memmem;

use super::text::{Word, is_edge};
use super::{Hint, Scanner, Span, State};
use crate::Class;

/// Longest key in PEM, bytes; what is longer ends there.
pub(crate) const LONGEST_PEM: usize = 16 << 10;
/// Longest token, bytes.
const LONGEST: usize = 8 << 10;
/// Shortest and longest text that is judged by how random it looks.
const RANDOM: std::ops::RangeInclusive<usize> = 16..=512;

/// What keys begin with, and how many characters follow at least.
const PREFIXES: &[(&str, usize)] = &[
    ("AIza", 35),
    ("AKIA", 16),
    ("ASIA", 16),
    ("AGE-SECRET-KEY-1", 40),
    ("EAA", 60),
    ("SG.", 40),
    ("atlasv1.", 30),
    ("dapi", 32),
    ("dckr_pat_", 20),
    ("dop_v1_", 60),
    ("figd_", 30),
    ("fw_", 20),
    ("gho_", 30),
    ("ghp_", 30),
    ("ghr_", 30),
    ("ghs_", 30),
    ("ghu_", 30),
    ("github_pat_", 22),
    ("glpat-", 20),
    ("gldt-", 20),
    ("glrt-", 20),
    ("gsk_", 20),
    ("hf_", 30),
    ("hooks.slack.com/services/", 24),
    ("hvs.", 20),
    ("key-", 32),
    ("lin_api_", 30),
    ("lsv2_", 30),
    ("npm_", 36),
    ("nvapi-", 20),
    ("pk_live_", 16),
    ("pplx-", 20),
    ("pypi-", 32),
    ("r8_", 30),
    ("rk_live_", 16),
    ("rubygems_", 40),
    ("sbp_", 30),
    ("sha256~", 40),
    ("shpat_", 32),
    ("shpss_", 32),
    ("sk-", 20),
    ("sk_live_", 16),
    ("sk_test_", 16),
    ("sq0atp-", 20),
    ("sq0csp-", 20),
    ("tvly-", 20),
    ("vercel_", 20),
    ("whsec_", 20),
    ("xai-", 20),
    ("xapp-", 20),
    ("xoxa-", 16),
    ("xoxb-", 16),
    ("xoxe.", 16),
    ("xoxp-", 16),
    ("xoxr-", 16),
    ("xoxs-", 16),
    ("ya29.", 30),
];

/// The part of [`PREFIXES`] that begins with each byte.
const BY_BYTE: [(u8, u8); 128] = {
    let mut parts = [(0, 0); 128];
    let mut at = 0;
    while at < PREFIXES.len() {
        let byte = PREFIXES[at].0.as_bytes()[0] as usize;
        if parts[byte].1 == 0 {
            parts[byte].0 = at as u8;
        }
        parts[byte].1 = at as u8 + 1;
        at += 1;
    }
    parts
};

fn is_key(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_-./+~".contains(byte)
}

/// The secret that begins with `word`.
pub fn find(scanner: &Scanner, bytes: &[u8], word: &Word, state: &State) -> Option<Span> {
    let start = word.start;
    // What goes on is no beginning; so no run is looked through more than once.
    let inside = start > 0 && (b"_-.".contains(&bytes[start - 1]) || bytes[start - 1] >= 0x80);
    if !inside && bytes[start] < 128 {
        let key = scanner.wants(Class::ApiKey).then(|| by_prefix(bytes, start)).flatten();
        let token =
            || (scanner.wants(Class::Jwt) && bytes[start..].starts_with(b"eyJ")).then(|| jwt(bytes, start)).flatten();
        if let Some(span) = key.or_else(token) {
            return Some(span);
        }
    }
    if !scanner.wants(Class::Secret) {
        return None;
    }
    if bytes[word.end..].starts_with(b"://") {
        return in_address(bytes, word.end + 3);
    }
    let found = |end| Some(Span { class: Class::Secret, start, end });
    if let Some(end) = state.end_of(Hint::Password, start).and_then(|named| assigned(bytes, named, start)) {
        return found(end);
    }
    match state.is_near(Hint::Secret, start, super::BACK) {
        true => random(bytes, start).and_then(found),
        false => None,
    }
}

fn by_prefix(bytes: &[u8], start: usize) -> Option<Span> {
    let (from, to) = BY_BYTE[usize::from(bytes[start])];
    let rest = &bytes[start..];
    let (prefix, least) =
        PREFIXES[from.into()..to.into()].iter().find(|(prefix, _)| rest.starts_with(prefix.as_bytes()))?;
    let slashes = prefix.ends_with('/');
    let fits = |byte: &&u8| {
        byte.is_ascii_alphanumeric() || b"_-".contains(byte) || slashes && **byte == b'/' || **byte == b'.'
    };
    let tail = &rest[prefix.len()..];
    let mut count = tail.iter().take(LONGEST).take_while(fits).count();
    // The full stop behind it is not part of it.
    count -= tail[..count].iter().rev().take_while(|byte| b".-".contains(byte)).count();
    let body = &tail[..count];
    // Words behind the prefix are words: a key has digits, or capitals among small letters.
    let mixed = body.iter().any(u8::is_ascii_digit) && body.iter().any(u8::is_ascii_alphabetic);
    let capitals = body.iter().filter(|byte| byte.is_ascii_uppercase()).count();
    (count >= *least && (mixed || capitals > 2)).then_some(Span {
        class: Class::ApiKey,
        start,
        end: start + prefix.len() + count,
    })
}

/// Three parts in base64, the first two of which are JSON; the third may be missing.
fn jwt(bytes: &[u8], start: usize) -> Option<Span> {
    let part = |at: usize| {
        let fits = |byte: &&u8| byte.is_ascii_alphanumeric() || b"_-".contains(byte);
        at + bytes.get(at..).unwrap_or_default().iter().take(LONGEST).take_while(fits).count()
    };
    let head = part(start);
    let body = (bytes.get(head..head + 4) == Some(b".eyJ")).then(|| part(head + 1))?;
    let end = if bytes.get(body) == Some(&b'.') { part(body + 1) } else { body };
    (head - start >= 12 && body - head >= 8).then_some(Span { class: Class::Jwt, start, end })
}

/// A private key in PEM that begins at `at`. Without an end it goes as far as there are lines of it.
pub fn pem(scanner: &Scanner, bytes: &[u8], at: usize) -> Option<Span> {
    let end_of_head = pem_head(bytes, at)?;
    if !scanner.wants(Class::PrivateKey) {
        return None;
    }
    let rest = &bytes[end_of_head..bytes.len().min(at + LONGEST_PEM)];
    let end = match memmem::find(rest, b"-----END") {
        Some(foot) => {
            let close = memmem::find(&rest[foot + 8..], b"-----").filter(|close| *close < 64);
            end_of_head + foot + 8 + close.map_or(0, |close| close + 5)
        }
        None => {
            // Line ends may be written as `\n` in a text that quotes it.
            let fits = |byte: &&u8| byte.is_ascii_alphanumeric() || b"+/=\r\n \\:,-".contains(byte);
            end_of_head + rest.iter().take_while(fits).count()
        }
    };
    Some(Span { class: Class::PrivateKey, start: at, end })
}

/// Where the first line of a private key ends that begins at `at`.
fn pem_head(bytes: &[u8], at: usize) -> Option<usize> {
    let head = bytes.get(at..)?.strip_prefix(b"-----BEGIN ")?;
    let close = memmem::find(&head[..head.len().min(64)], b"-----")?;
    head[..close].windows(11).any(|words| words == b"PRIVATE KEY").then_some(at + 11 + close + 5)
}

/// Whether a key in PEM may begin at `at` whose end is not there yet.
pub fn is_open_pem(bytes: &[u8], at: usize) -> bool {
    let rest = &bytes[at..];
    match rest.len() < 11 {
        true => b"-----BEGIN ".starts_with(rest),
        false if rest.len() < 80 && rest.starts_with(b"-----BEGIN ") => {
            memmem::find(&rest[11..], b"-----END").is_none()
        }
        false => {
            let Some(head) = pem_head(bytes, at) else { return false };
            let foot = memmem::find(&bytes[head..], b"-----END");
            rest.len() < LONGEST_PEM
                && foot.is_none_or(|foot| memmem::find(&bytes[head + foot + 8..], b"-----").is_none())
        }
    }
}

/// The password of an address `scheme://user:password@host`.
fn in_address(bytes: &[u8], at: usize) -> Option<Span> {
    let len = bytes[at..].iter().take(512).take_while(|byte| !b" \t\r\n\"'<>/?#".contains(byte)).count();
    let authority = &bytes[at..at + len];
    let host = memchr::memrchr(b'@', authority)?;
    let user = memchr::memchr(b':', &authority[..host])?;
    let (start, end) = (at + user + 1, at + host);
    let password = &bytes[start..end];
    let placeholder = password.is_empty() || b"$<{*[".contains(&password[0]);
    (!placeholder).then_some(Span { class: Class::Secret, start, end })
}

/// Where what is assigned to a password ends, that begins at `start`.
fn assigned(bytes: &[u8], named: usize, start: usize) -> Option<usize> {
    let between = &bytes[named..start];
    let sign = between.iter().filter(|byte| b":=".contains(byte)).count();
    let only = |byte: &u8| b" \"':=\\".contains(byte);
    if sign != 1 || !between.iter().all(only) || between.len() > 6 {
        return None;
    }
    let quote = between.last().copied().filter(|byte| b"\"'".contains(byte));
    let ends = |byte: &&u8| match quote {
        Some(quote) => **byte != quote && **byte != b'\n' && **byte != b'\\',
        None => !b" \t\r\n\"',;<>)\\".contains(byte),
    };
    let count = bytes[start..].iter().take(128).take_while(ends).count();
    let value = &bytes[start..start + count];
    let value = match quote {
        Some(_) => value,
        None => value.strip_suffix(b".").unwrap_or(value),
    };
    let letters = value.iter().any(u8::is_ascii_alphabetic);
    let others = value.iter().any(|byte| byte.is_ascii_digit() || b"!@#$%^&*?+~".contains(byte));
    ((6..128).contains(&value.len()) && letters && others).then_some(start + value.len())
}

/// Where something ends that begins at `start` and looks random.
fn random(bytes: &[u8], start: usize) -> Option<usize> {
    if start > 0 && is_key(&bytes[start - 1]) && bytes[start - 1] != b'.' {
        return None;
    }
    let mut count = bytes[start..].iter().take(*RANDOM.end() + 1).take_while(|byte| is_key(byte)).count();
    count -= bytes[start..start + count].iter().rev().take_while(|byte| b".-/~".contains(byte)).count();
    let text = &bytes[start..start + count];
    if !RANDOM.contains(&count) || is_uuid(text) || memmem::find(text, b"//").is_some() {
        return None;
    }
    let padding = bytes[start + count..].iter().take(2).take_while(|byte| **byte == b'=').count();
    let sort = |byte: u8| match byte {
        b'0'..=b'9' => 1,
        b'a'..=b'z' => 2,
        b'A'..=b'Z' => 3,
        _ => 0,
    };
    // Words change little from small letters to capitals and digits; what was rolled does all the time.
    let changes =
        text.windows(2).filter(|pair| sort(pair[0]) != sort(pair[1]) && sort(pair[0]) * sort(pair[1]) > 0).count();
    let mixed = text.iter().any(u8::is_ascii_digit) && text.iter().any(u8::is_ascii_alphabetic);
    let end = start + count + padding;
    (mixed && changes >= 3.max(count / 6) && entropy(text) >= 3.0 && is_edge(bytes, end)).then_some(end)
}

fn is_uuid(text: &[u8]) -> bool {
    let dash = |at: usize| matches!(at, 8 | 13 | 18 | 23);
    text.len() == 36
        && text.iter().enumerate().all(|(at, byte)| if dash(at) { *byte == b'-' } else { byte.is_ascii_hexdigit() })
}

/// Shannon's entropy, bits per byte.
fn entropy(text: &[u8]) -> f64 {
    let mut counts = [0u16; 256];
    text.iter().for_each(|byte| counts[usize::from(*byte)] += 1);
    let len = text.len() as f64;
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| f64::from(*count) / len)
        .map(|share| -share * share.log2())
        .sum()
}
