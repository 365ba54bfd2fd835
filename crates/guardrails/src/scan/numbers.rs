//! What is known by its digits: telephone numbers, cards, addresses of the internet; and addresses of mail.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::text::{Word, is_edge};
use super::{BACK, Hint, Span, State, checks};
use crate::Class;

/// Most groups of one number.
const MOST_GROUPS: usize = 10;
/// Most digits.
const MOST_DIGITS: usize = 24;
/// Fewest digits of anything but an address.
pub const FEWEST: usize = 7;

/// A number whose digits stand in groups.
pub struct Groups {
    digits: [u8; MOST_DIGITS],
    groups: [Group; MOST_GROUPS],
    count: usize,
}

/// One group of digits.
#[derive(Clone, Copy, Debug, Default)]
pub struct Group {
    /// Digits of it, and of all up to it.
    pub len: usize,
    pub sum: usize,
    /// What stands before it: a space, `-`, `.`, `/`, `)`; 0 before the first.
    pub before: u8,
    /// Where in the text it ends.
    pub end: usize,
}

impl Groups {
    /// The groups that begin at `at` of the text. One that goes over into letters is none.
    pub fn read(bytes: &[u8], at: usize) -> Self {
        let mut read = Groups { digits: [0; MOST_DIGITS], groups: Default::default(), count: 0 };
        let (mut start, mut before) = (at, 0);
        while read.count < MOST_GROUPS {
            let len = bytes[start..].iter().take(MOST_DIGITS + 1).take_while(|byte| byte.is_ascii_digit()).count();
            let (end, sum) = (start + len, read.sum() + len);
            if len == 0 || sum > MOST_DIGITS || !is_edge(bytes, end) {
                break;
            }
            let old = read.sum();
            for (digit, byte) in read.digits[old..].iter_mut().zip(&bytes[start..end]) {
                *digit = byte - b'0';
            }
            read.groups[read.count] = Group { len, sum, before, end };
            read.count += 1;
            let signs = bytes[end..].iter().take(3).take_while(|byte| b" -./()".contains(byte)).count();
            if signs == 0 {
                break;
            }
            let between = &bytes[end..end + signs];
            before = match between.iter().find(|byte| b"()".contains(byte)) {
                Some(_) => b')',
                None if signs == 1 => between[0],
                // Two signs are the end of a sentence, or arithmetic.
                None => break,
            };
            start = end + signs;
        }
        read
    }

    /// How many digits there are.
    pub fn sum(&self) -> usize {
        self.all().last().map_or(0, |group| group.sum)
    }

    /// All of them.
    pub fn all(&self) -> &[Group] {
        &self.groups[..self.count]
    }

    /// The digits of the first groups, up to one.
    pub fn digits(&self, group: &Group) -> &[u8] {
        &self.digits[..group.sum]
    }

    /// The group behind the first ones, if these have these lengths and signs of `between` before them all but the
    /// first.
    pub fn shaped(&self, lengths: &[usize], between: &[u8]) -> Option<&Group> {
        let groups = self.all().get(..lengths.len())?;
        let fits = |(group, len): (&Group, &usize)| {
            group.len == *len && (group.before == 0 || between.contains(&group.before))
        };
        groups.iter().zip(lengths).all(fits).then(|| groups.last())?
    }

    /// The group up to which there are so many digits, with the same sign between all.
    pub fn upto(&self, sum: usize) -> Option<&Group> {
        let same = |groups: &[Group]| groups.iter().skip(2).all(|group| group.before == groups[1].before);
        let count = self.all().iter().position(|group| group.sum == sum)? + 1;
        same(&self.all()[..count]).then(|| &self.all()[count - 1])
    }

    /// Whether the number goes on behind a group, with the same sign as before it.
    pub fn goes_on(&self, group: &Group) -> bool {
        let next = self.all().iter().find(|next| next.sum > group.sum);
        next.is_some_and(|next| next.before != b' ' || group.before == b' ' && next.len > 2)
    }
}

/// A payment card.
pub fn card(groups: &Groups) -> Option<Span> {
    let first = groups.all().first()?;
    let fits = |sum: &usize| {
        let last = groups.upto(*sum)?;
        let count = groups.all().iter().position(|group| group.sum == *sum)? + 1;
        let all = &groups.all()[..count];
        let fours = all[..count - 1].iter().all(|group| group.len == 4) && last.len <= 4;
        let issuer = all.iter().map(|group| group.len).eq([4, 6, 5]) || all.iter().map(|group| group.len).eq([4, 6, 4]);
        let sign = matches!(all.get(1).map(|group| group.before), None | Some(b' ' | b'-'));
        ((count == 1 || fours || issuer) && sign && checks::card(groups.digits(last))).then_some(*last)
    };
    let last = [19, 18, 17, 16, 15, 14, 13].iter().find_map(fits)?;
    Some(Span { class: Class::Card, start: first.end - first.len, end: last.end })
}

/// A telephone number that begins with `+` or `(`.
pub fn phone(bytes: &[u8], at: usize, state: &State) -> Option<Span> {
    let plus = bytes[at] == b'+';
    let bracket = bytes[at] == b'(' || plus && bytes.get(at + 1) == Some(&b'(');
    let start = at + usize::from(plus) + usize::from(bracket);
    if !bytes.get(start)?.is_ascii_digit() {
        return None;
    }
    of_groups(bytes, at, &Groups::read(bytes, start), plus, bracket, state)
}

/// A telephone number that begins with a digit.
pub fn local(bytes: &[u8], at: usize, groups: &Groups, state: &State) -> Option<Span> {
    of_groups(bytes, at, groups, false, false, state)
}

fn of_groups(bytes: &[u8], at: usize, groups: &Groups, plus: bool, bracket: bool, state: &State) -> Option<Span> {
    // What is part of something longer is no number of its own.
    if !plus && at > 1 && b"-./:_=".contains(&bytes[at - 1]) && bytes[at - 2].is_ascii_alphanumeric() {
        return None;
    }
    let all = groups.all();
    let first = all.first()?;
    if bracket && all.get(1).is_none_or(|second| second.before != b')') {
        return None;
    }
    let named = state.is_near(Hint::Phone, at, BACK) && !is_date(groups);
    let thing = state.is_near(Hint::Thing, at, 24) && !named;
    let found = |group: &Group| Some(Span { class: Class::Phone, start: at, end: group.end });
    if plus {
        let last = international(groups)?;
        return found(last);
    }
    if thing {
        return None;
    }
    if let Some(last) = north_american(groups, bracket, named).or_else(|| with_trunk(groups, bracket)) {
        return found(last);
    }
    // Behind a word that says so, whatever has as many digits as telephone numbers have.
    let few = |group: &&Group| (7..=15).contains(&group.sum) && group.len > 1;
    match named || bracket && first.len <= 3 && all.get(1).is_some_and(|second| second.len >= 3) {
        true => found(all.iter().rev().find(|group| few(group) && (named || group.sum >= 9))?),
        false => None,
    }
}

/// Behind a plus: a country and a number in it.
fn international(groups: &Groups) -> Option<&Group> {
    let first = groups.digits(groups.all().first()?);
    let last = groups.all().iter().rev().find(|group| (9..=16).contains(&group.sum) && group.len > 1)?;
    let digits = groups.digits(last);
    match (first[0], groups.all().len() > 1) {
        (0, _) => None,
        (1, _) => groups.all().iter().find(|group| group.sum == 11).filter(|_| digits[1] > 1),
        (_, true) if first.len() > 4 => Some(last).filter(|_| first.len() >= 5),
        _ => Some(last),
    }
}

/// Three, three and four digits, of which no block begins with 0 or 1.
fn north_american(groups: &Groups, bracket: bool, named: bool) -> Option<&Group> {
    let between = b" -.)";
    let (last, skip) = match (groups.shaped(&[3, 3, 4], between), groups.shaped(&[1, 3, 3, 4], between)) {
        (Some(last), _) => (last, 0),
        (_, Some(last)) if groups.digits[0] == 1 => (last, 1),
        _ => return None,
    };
    let digits = &groups.digits(last)[skip..];
    let spaced = groups.all()[skip + 1].before == b' ' && groups.all()[skip + 2].before == b' ';
    (digits[0] > 1 && digits[3] > 1 && (!spaced || named || bracket) && !groups.goes_on(last)).then_some(last)
}

/// With the zero that stands before numbers within a country, in groups or in the forms of mobile numbers.
fn with_trunk(groups: &Groups, bracket: bool) -> Option<&Group> {
    let all = groups.all();
    let first = all.first()?;
    let digits = groups.digits(all.last()?);
    if digits[0] != 0 || digits.len() < 9 {
        return None;
    }
    if let Some(last) = groups.shaped(&[2, 2, 2, 2, 2], b" .-") {
        return (digits[1] != 0 && !groups.goes_on(last)).then_some(last);
    }
    if first.len >= 10 {
        let mobile = match digits[1] {
            6 | 7 => matches!(first.len, 10 | 11),
            1 => matches!(digits[2], 5..=7) && matches!(first.len, 11 | 12),
            _ => false,
        };
        return mobile.then_some(first);
    }
    let abroad = digits[1] == 0;
    let lens = if bracket { 2..=5 } else { 3..=5 };
    let bounds = if abroad { 11..=16 } else { 9..=12 };
    let whole = |group: &&Group| bounds.contains(&group.sum) && group.len > 1;
    let last = all.iter().take(if abroad { 7 } else { 4 }).rev().find(whole)?;
    let second = all.get(1)?;
    let shape = match abroad {
        true => digits[2] != 0,
        false => lens.contains(&first.len) && second.len >= 3 && second.before != b'.',
    };
    (shape && !groups.goes_on(last)).then_some(last)
}

/// Whether a number is a date.
fn is_date(groups: &Groups) -> bool {
    let between = b"-./";
    [[4, 2, 2], [2, 2, 4]].iter().any(|lengths| groups.shaped(lengths, between).is_some())
}

/// An address of the internet that begins with a word with digits.
pub fn ip(bytes: &[u8], word: &Word, state: &State) -> Option<Span> {
    match bytes.get(word.end) {
        Some(b'.') if word.len() <= 3 && !state.is_near(Hint::Version, word.start, 16) => ip4(bytes, word.start),
        Some(b':') if word.len() <= 4 => ip6(bytes, word.start),
        _ => None,
    }
}

fn ip4(bytes: &[u8], start: usize) -> Option<Span> {
    if start > 0 && (b".-_".contains(&bytes[start - 1]) && start > 1 && bytes[start - 2].is_ascii_alphanumeric()) {
        return None;
    }
    let len = bytes[start..].iter().take(16).take_while(|byte| byte.is_ascii_digit() || **byte == b'.').count();
    let run = &bytes[start..start + len];
    let run = run.strip_suffix(b".").unwrap_or(run);
    let end = start + run.len();
    let address: Ipv4Addr = std::str::from_utf8(run).ok()?.parse().ok()?;
    let goes_on = matches!(bytes.get(end), Some(b'-')) && bytes.get(end + 1).is_some_and(u8::is_ascii_alphanumeric);
    // The machine itself, and nobody at all, tell of nobody.
    let somebody = !address.is_loopback() && !address.is_unspecified() && !address.is_broadcast();
    let mask = address.octets()[0] == 255;
    (somebody && !mask && is_edge(bytes, end) && !goes_on).then_some(Span { class: Class::Ip, start, end })
}

/// An address of version 6.
pub fn ip6(bytes: &[u8], start: usize) -> Option<Span> {
    if start > 0 && (bytes[start - 1] == b':' || bytes[start - 1] == b'.') {
        return None;
    }
    let hex = |byte: &&u8| byte.is_ascii_hexdigit() || **byte == b':' || **byte == b'.';
    let len = bytes[start..].iter().take(46).take_while(hex).count();
    let run = &bytes[start..start + len];
    let run = run.strip_suffix(b".").or(run.strip_suffix(b":")).unwrap_or(run);
    if run.iter().filter(|byte| **byte == b':').count() < 2 || !run.iter().any(u8::is_ascii_digit) {
        return None;
    }
    let IpAddr::V6(address) = std::str::from_utf8(run).ok()?.parse().ok()? else { return None };
    let end = start + run.len();
    let groups = address.segments().iter().filter(|segment| **segment != 0).count();
    let somebody = address != Ipv6Addr::LOCALHOST && groups > 1;
    (somebody && is_edge(bytes, end)).then_some(Span { class: Class::Ip, start, end })
}

/// An address of mail whose local part begins with `word`.
pub fn email(bytes: &[u8], word: &Word) -> Option<Span> {
    const LOCAL: &[u8] = b"._%+-'";
    let mut at = word.end;
    // The first byte behind most words ends it.
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'@' => break,
            byte if LOCAL.contains(byte) => at += 1,
            _ => {
                let more = super::text::word(bytes, at);
                if more.end == at || at - word.start > 64 {
                    return None;
                }
                at = more.end;
            }
        }
    }
    if bytes.get(at) != Some(&b'@') || LOCAL[..1].contains(&bytes[at - 1]) {
        return None;
    }
    let local = word.start;
    let (mut end, mut dot) = (at + 1, None);
    loop {
        let label = super::text::word(bytes, end);
        let mut last = label.end;
        while bytes.get(last) == Some(&b'-') {
            let more = super::text::word(bytes, last + 1);
            if more.end == last + 1 {
                break;
            }
            last = more.end;
        }
        if last == end || last - local > 254 {
            break;
        }
        if dot.is_some() {
            dot = Some((end, last));
        }
        end = last;
        if bytes.get(end) != Some(&b'.') || super::text::word(bytes, end + 1).end == end + 1 {
            break;
        }
        dot = dot.or(Some((0, 0)));
        end += 1;
    }
    let (from, to) = dot.filter(|(_, to)| *to > 0)?;
    let top = &bytes[from..to];
    (top.len() >= 2 && !top.iter().any(u8::is_ascii_digit)).then_some(Span {
        class: Class::Email,
        start: local,
        end: to,
    })
}
