//! Streets with numbers, in the orders and words of several countries.

use super::Span;
use super::text::{Word, is_capital, is_in, next_word, word};
use crate::Class;

/// What streets end with in English, behind capitalised words; with a full stop or without.
const ENGLISH: &[&str] = &[
    "Street",
    "St",
    "Avenue",
    "Ave",
    "Road",
    "Rd",
    "Lane",
    "Ln",
    "Boulevard",
    "Blvd",
    "Drive",
    "Dr",
    "Court",
    "Ct",
    "Place",
    "Pl",
    "Square",
    "Sq",
    "Terrace",
    "Close",
    "Crescent",
    "Highway",
    "Hwy",
    "Parkway",
    "Pkwy",
    "Way",
    "Circle",
    "Gardens",
    "Grove",
    "Row",
    "Mews",
    "Trail",
    "Walk",
];

/// What words end with that are streets in German and Dutch, in small letters.
const SUFFIXES: &[&str] = &[
    "straße", "strasse", "str", "weg", "gasse", "allee", "platz", "damm", "ufer", "straat", "laan", "gracht", "plein",
    "kade", "steenweg",
];

/// Words that stand behind the name in German and Dutch: `Berliner Straße 10`.
const BEHIND: &[&str] =
    &["Straße", "Strasse", "Str", "Allee", "Platz", "Weg", "Damm", "Ufer", "Ring", "Straat", "Laan", "Plein"];

/// Words that streets begin with in French, in small letters.
const FRENCH: &[&str] = &["rue", "avenue", "boulevard", "place", "chemin", "allée", "impasse", "quai"];

/// Small words within names of streets.
const SMALL: &[&str] = &[
    "de", "du", "des", "la", "le", "les", "del", "della", "delle", "dei", "di", "da", "do", "dos", "das", "los", "las",
    "el", "y", "e", "l", "d", "den", "der", "van", "of", "the",
];

/// Most words of a name of a street.
const MOST: usize = 6;

fn is_small(bytes: &[u8], word: &Word) -> bool {
    is_in(SMALL, bytes, word)
}

/// Behind a word of a street: the next one, over a full stop of an abbreviation or an apostrophe.
fn following(bytes: &[u8], end: usize) -> Option<Word> {
    let next = |end: usize| next_word(bytes, end);
    match bytes.get(end)? {
        b' ' => next(end),
        b'.' => next(end + 1),
        b'\'' | b'-' => Some(word(bytes, end + 1)).filter(|word| word.end > word.start),
        0xE2 if bytes[end..].starts_with("’".as_bytes()) => {
            Some(word(bytes, end + 3)).filter(|word| word.end > word.start)
        }
        _ => None,
    }
}

/// A house number that stands at `at`: digits, and a letter perhaps.
fn house(bytes: &[u8], at: usize) -> Option<usize> {
    let digits = bytes.get(at..)?.iter().take(5).take_while(|byte| byte.is_ascii_digit()).count();
    let mut end = at + digits;
    let extra = bytes.get(end).is_some_and(u8::is_ascii_alphabetic);
    end += usize::from(extra);
    let over = bytes.get(end).is_none_or(|byte| !byte.is_ascii_alphanumeric());
    ((1..=4).contains(&digits) && bytes[at] != b'0' && over).then_some(end)
}

/// A street that begins with `street`, the word for it if it `begins` streets: the number comes behind the name.
pub fn by_street(text: &str, street: &Word, begins: bool) -> Option<Span> {
    let bytes = text.as_bytes();
    let own = text.get(street.start..street.end)?;
    let found = |end| Some(Span { class: Class::Address, start: street.start, end });
    // German and Dutch: in one word, or in two.
    let after = |end: usize| {
        let end = end + usize::from(bytes.get(end) == Some(&b'.'));
        (bytes.get(end) == Some(&b' ')).then(|| house(bytes, end + 1)).flatten()
    };
    if street.capital && own.len() > 5 && matches!(bytes.get(street.end), Some(b' ' | b'.')) {
        let ends = |suffix: &&str| own.strip_suffix(*suffix).is_some_and(|name| name.len() > 2);
        if let Some(end) = after(street.end)
            && SUFFIXES.iter().any(ends)
        {
            return found(end);
        }
    }
    let next = (bytes.get(street.end + 1)).is_some_and(|byte| b"SAPWDURL".contains(byte));
    if street.capital
        && next
        && let Some(next) = following(bytes, street.end)
        && text.get(next.start..next.end).is_some_and(|next| BEHIND.contains(&next))
        && let Some(end) = after(next.end)
    {
        return found(end);
    }
    // Romance and Slavic: the word for it, its name, a comma perhaps, the number.
    if !begins {
        return None;
    }
    let (mut at, mut named) = (following(bytes, street.end)?, false);
    for _ in 0..MOST {
        let capital = is_capital(bytes, at.start);
        if !capital && !is_small(bytes, &at) {
            return None;
        }
        named |= capital;
        let mut end = at.end;
        end += usize::from(bytes.get(end) == Some(&b','));
        let number = ["nº ", "n° ", "n.º ", "nr ", "n. "]
            .iter()
            .find(|sign| text.get(end + 1..).is_some_and(|rest| rest.starts_with(**sign)));
        let number = end + 1 + number.map_or(0, |sign| sign.len());
        if named
            && bytes.get(end) == Some(&b' ')
            && let Some(end) = house(bytes, number)
        {
            return found(end);
        }
        at = following(bytes, at.end)?;
    }
    None
}

/// A street that begins with its number: `12 Main Street`, `12 bis rue de la Paix`.
pub fn by_number(bytes: &[u8], number: &Word) -> Option<Span> {
    let digits = bytes[number.start..number.end].iter().take_while(|byte| byte.is_ascii_digit()).count();
    if !(1..=5).contains(&digits) || number.len() > digits + 1 {
        return None;
    }
    let end = number.end + usize::from(bytes.get(number.end) == Some(&b','));
    let mut at = next_word(bytes, end)?;
    if is_in(&["bis", "ter", "quater"], bytes, &at) {
        at = following(bytes, at.end)?;
    }
    let found = |end| Some(Span { class: Class::Address, start: number.start, end });
    let french = FRENCH.iter().any(|street| street.as_bytes().eq_ignore_ascii_case(&bytes[at.start..at.end]));
    if french && let Some(end) = french_name(bytes, &at) {
        return found(end);
    }
    for count in 0..4 {
        if count > 0 && is_in(ENGLISH, bytes, &at) {
            return found(at.end);
        }
        // A number among the words is that of a street: 5th.
        let ordinal = bytes[at.start].is_ascii_digit() && at.len() > 2;
        if !at.capital && !ordinal {
            return None;
        }
        at = following(bytes, at.end)?;
    }
    is_in(ENGLISH, bytes, &at).then(|| found(at.end))?
}

/// Where the name of a French street ends, behind the word for it.
fn french_name(bytes: &[u8], street: &Word) -> Option<usize> {
    let (mut end, mut at) = (None, following(bytes, street.end));
    for _ in 0..MOST {
        let Some(word) = at else { break };
        match (is_capital(bytes, word.start), is_small(bytes, &word)) {
            (true, _) => end = Some(word.end),
            (false, true) if end.is_none() || bytes.get(word.end) == Some(&b' ') => {}
            _ => break,
        }
        at = match bytes.get(word.end) {
            Some(b'.') => None,
            _ => following(bytes, word.end),
        };
    }
    end
}
