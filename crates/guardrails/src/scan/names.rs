//! Names of people: a given name of the list with a family name behind it, or whatever stands behind a title.

use std::collections::HashSet;
use std::sync::LazyLock;

use foldhash::fast::RandomState;

use super::Span;
use super::text::{Word, is_in, next_word, word};
use crate::Class;

/// Common given names of many countries, without those that are words too.
static GIVEN: LazyLock<HashSet<&'static [u8], RandomState>> =
    LazyLock::new(|| include_str!("given.txt").split_whitespace().map(str::as_bytes).collect());

/// What stands before family names.
const TITLES: &[&str] = &[
    "Mr", "Mrs", "Ms", "Miss", "Dr", "Prof", "Herr", "Herrn", "Frau", "Mme", "Mlle", "Monsieur", "Madame", "Sr", "Sra",
    "Señor", "Señora", "Signor", "Signora", "Sig", "Pan", "Pani", "Mevrouw", "Meneer", "Senhor", "Senhora", "Shri",
    "Smt",
];

/// Capitalised words that are no family names.
const OTHERS: &[&str] = &[
    "Street",
    "Avenue",
    "Road",
    "River",
    "University",
    "College",
    "School",
    "Hospital",
    "Inc",
    "Ltd",
    "Corp",
    "GmbH",
    "Company",
    "Airport",
    "Station",
    "Church",
    "Park",
    "Bridge",
    "Museum",
    "Prize",
    "Award",
    "Center",
    "Centre",
    "Foundation",
    "Institute",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
    "President",
    "Minister",
    "Day",
    "Bay",
    "County",
    "City",
    "Island",
    "Lake",
    "Mount",
    "And",
    "Or",
    "But",
    "The",
    "In",
    "On",
    "At",
    "Is",
    "Was",
    "Has",
    "I",
    "You",
    "He",
    "She",
    "We",
    "They",
    "It",
    "My",
    "Your",
    "Please",
    "Hello",
    "Und",
    "Der",
    "Die",
    "Das",
    "Theorem",
    "Law",
    "Method",
    "Test",
    "Algorithm",
    "Transform",
    "Distribution",
    "Syndrome",
    "Cathedral",
    "Stadium",
    "Who",
    "Watson",
    "Robot",
    "Chairman",
];

/// Words within family names.
const SMALL: &[&str] =
    &["von", "van", "de", "der", "den", "da", "di", "dos", "del", "la", "le", "el", "bin", "ibn", "zu", "du"];

/// The name that `first` begins, which has a capital, or that stands behind it if it is a title.
pub fn find(bytes: &[u8], first: &Word) -> Option<Span> {
    if first.len() <= 9 && b"MDPFHS".contains(&bytes[first.start]) && is_in(TITLES, bytes, first) {
        let dot = bytes.get(first.end) == Some(&b'.');
        let next = next_word(bytes, first.end + usize::from(dot))?;
        // One title may follow another.
        if is_in(TITLES, bytes, &next) {
            return None;
        }
        let end = match GIVEN.contains(&bytes[next.start..next.end]) {
            true => family(bytes, next.end).or(Some(next.end)),
            false => part(bytes, &next).map(|end| family(bytes, end).unwrap_or(end)),
        }?;
        return Some(Span { class: Class::Name, start: next.start, end });
    }
    if !GIVEN.contains(&bytes[first.start..first.end]) {
        return None;
    }
    // Given names may be two: Anna-Lena, Juan Carlos.
    let mut end = first.end;
    if bytes.get(end) == Some(&b'-') {
        let second = word(bytes, end + 1);
        if !second.capital {
            return None;
        }
        end = second.end;
    }
    family(bytes, end).map(|end| Span { class: Class::Name, start: first.start, end })
}

/// Where the family name ends that begins behind `end`, initials and a second given name included.
fn family(bytes: &[u8], mut end: usize) -> Option<usize> {
    let mut found = None;
    for _ in 0..4 {
        let Some(next) = next_word(bytes, end) else { break };
        let small = is_in(SMALL, bytes, &next);
        let initial = next.capital && next.len() == 1 && bytes.get(next.end) == Some(&b'.');
        if small {
            end = next.end;
        } else if initial {
            end = next.end + 1;
        } else {
            let Some(last) = part(bytes, &next) else { break };
            end = last;
            found = Some(last);
            // More than two capitalised words are seldom all of them a name.
            if !GIVEN.contains(&bytes[next.start..next.end]) {
                break;
            }
        }
    }
    found
}

/// Where a part of a family name ends: a capital and small letters, a hyphen or an apostrophe within.
fn part(bytes: &[u8], first: &Word) -> Option<usize> {
    if !first.capital || first.digits || is_in(OTHERS, bytes, first) {
        return None;
    }
    let mut end = first.end;
    let apostrophe = first.len() == 1 && bytes.get(end) == Some(&b'\'');
    if bytes.get(end) == Some(&b'-') || apostrophe {
        let second = word(bytes, end + 1);
        if second.capital {
            end = second.end;
        }
    }
    let small = bytes[first.start + 1..first.end].iter().any(|byte| byte.is_ascii_lowercase() || *byte >= 0x80)
        || apostrophe && end > first.end;
    (small && end - first.start < 40).then_some(end)
}
