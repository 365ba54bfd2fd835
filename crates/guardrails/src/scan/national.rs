//! Numbers by which states know people, and bank accounts. Where a check digit lets too many others pass, the usual
//! groups or a word before them must tell.

use super::numbers::{Group, Groups};
use super::text::{Word, is_edge};
use super::{BACK, Hint, Scanner, Span, State, checks};
use crate::Class;

/// What a number is that begins with a digit.
pub fn find(scanner: &Scanner, bytes: &[u8], word: &Word, groups: &Groups, state: &State) -> Option<Span> {
    let start = word.start;
    let near = |hint| state.is_near(hint, start, BACK);
    let span = |class, group: &Group| Some(Span { class, start, end: group.end });
    let passes = |class, group: &Group| scanner.wants(class) && checks::passes(class, groups.digits(group));
    // Groups alone do, where they are like nothing else.
    let forms: [(Class, &[usize], &[u8]); 6] = [
        (Class::ChAhv, &[3, 4, 4, 2], b". "),
        (Class::ChAhv, &[13], b""),
        (Class::BrCpf, &[3, 3, 3, 2], b".-"),
        (Class::UsSsn, &[3, 2, 4], b"-"),
        (Class::UsSsn, &[3, 2, 4], b" "),
        (Class::InAadhaar, &[4, 4, 4], b" -"),
    ];
    for (class, lengths, between) in forms {
        if let Some(group) = groups.shaped(lengths, between).filter(|group| passes(class, group))
            && !groups.goes_on(group)
            && !part_of_more(bytes, start)
        {
            return span(class, group);
        }
    }
    // Others want a word before them.
    let named = [
        (Hint::Ssn, Class::UsSsn, 9),
        (Hint::Bsn, Class::NlBsn, 9),
        (Hint::TaxId, Class::DeTaxId, 11),
        (Hint::Pesel, Class::PlPesel, 11),
        (Hint::Cpf, Class::BrCpf, 11),
        (Hint::Aadhaar, Class::InAadhaar, 12),
    ];
    for (hint, class, sum) in named {
        if near(hint)
            && let Some(group) = groups.all().iter().find(|group| group.sum == sum).filter(|group| passes(class, group))
        {
            return span(class, group);
        }
    }
    None
}

/// Numbers of Spain and France, which have letters among their digits.
pub fn of_the_south(scanner: &Scanner, bytes: &[u8], word: &Word) -> Option<Span> {
    let next = bytes.get(word.end);
    let spanish = word.len() == 9 || next == Some(&b'-') && word.len() == 8 || next == Some(&b'.') && word.len() <= 2;
    let french = word.len() >= 13 || word.len() == 1 && next == Some(&b' ');
    let spanish = spanish.then(|| self::spanish(scanner, bytes, word.start)).flatten();
    spanish.or_else(|| french.then(|| self::french(scanner, bytes, word.start)).flatten())
}

/// Whether what begins at `start` is the rest of something.
fn part_of_more(bytes: &[u8], start: usize) -> bool {
    start > 1 && b"-./".contains(&bytes[start - 1]) && bytes[start - 2].is_ascii_alphanumeric()
}

/// Eight digits, with dots or without, and a letter.
fn spanish(scanner: &Scanner, bytes: &[u8], start: usize) -> Option<Span> {
    let (text, count, end) = gather(bytes, start, 9, b".-")?;
    (scanner.wants(Class::EsDni) && checks::dni(&text[..count]) && !part_of_more(bytes, start)).then_some(Span {
        class: Class::EsDni,
        start,
        end,
    })
}

/// Fifteen characters, of which the first is 1 or 2.
fn french(scanner: &Scanner, bytes: &[u8], start: usize) -> Option<Span> {
    if !scanner.wants(Class::FrInsee) || !matches!(bytes[start], b'1' | b'2') {
        return None;
    }
    let (text, count, end) = gather(bytes, start, 15, b" ")?;
    (count == 15 && text[13].is_ascii_digit() && text[14].is_ascii_digit() && checks::insee(&text[..15]))
        .then_some(Span { class: Class::FrInsee, start, end })
}

/// What a number is that begins with a letter.
pub fn with_letters(scanner: &Scanner, bytes: &[u8], word: &Word) -> Option<Span> {
    let (start, len) = (word.start, word.len());
    if !bytes[start].is_ascii_uppercase() {
        return None;
    }
    let found = |class, end| Some(Span { class, start, end });
    let text = &bytes[start..word.end];
    if scanner.wants(Class::Iban) && len >= 4 && bytes[start + 2..start + 4].iter().all(u8::is_ascii_digit) {
        let account = checks::iban_length(&text[..2]).and_then(|length| gather(bytes, start, length, b" "));
        if let Some((text, count, end)) = account.filter(|(text, count, _)| checks::iban(&text[..*count])) {
            debug_assert!(text[..count].is_ascii());
            return found(Class::Iban, end);
        }
    }
    if scanner.wants(Class::ItFiscalCode) && len == 16 && checks::fiscal_code(text) {
        return found(Class::ItFiscalCode, word.end);
    }
    if scanner.wants(Class::EsDni)
        && matches!(text[0], b'X' | b'Y' | b'Z')
        && let Some((text, count, end)) = gather(bytes, start, 9, b"-")
        && checks::dni(&text[..count])
    {
        return found(Class::EsDni, end);
    }
    nino(scanner, bytes, start).and_then(|end| found(Class::UkNino, end))
}

/// What a number is whose letters stand apart: `AB 12 34 56 C`, `X-1234567-L`.
pub fn by_letters(scanner: &Scanner, bytes: &[u8], word: &Word) -> Option<Span> {
    let start = word.start;
    let dni = || {
        let alone = matches!(bytes[start], b'X' | b'Y' | b'Z') && scanner.wants(Class::EsDni);
        let (text, count, end) = alone.then(|| gather(bytes, start, 9, b"-")).flatten()?;
        checks::dni(&text[..count]).then_some(Span { class: Class::EsDni, start, end })
    };
    match word.len() {
        1 => dni(),
        _ => nino(scanner, bytes, start).map(|end| Span { class: Class::UkNino, start, end }),
    }
}

fn nino(scanner: &Scanner, bytes: &[u8], start: usize) -> Option<usize> {
    if !scanner.wants(Class::UkNino) {
        return None;
    }
    let (text, count, end) = gather(bytes, start, 9, b" ")?;
    checks::nino(&text[..count]).then_some(end)
}

/// Exactly `wanted` letters and digits from `start`, without single signs of `between`; and where they end, if a word
/// ends there.
fn gather(bytes: &[u8], start: usize, wanted: usize, between: &[u8]) -> Option<([u8; 34], usize, usize)> {
    let (mut text, mut count, mut at) = ([0; 34], 0, start);
    while count < wanted {
        match bytes.get(at)? {
            byte if byte.is_ascii_digit() || byte.is_ascii_uppercase() => {
                *text.get_mut(count)? = *byte;
                count += 1;
            }
            byte if between.contains(byte) && count > 0 && bytes[at - 1].is_ascii_alphanumeric() => {}
            _ => return None,
        }
        at += 1;
    }
    is_edge(bytes, at).then_some((text, count, at))
}
