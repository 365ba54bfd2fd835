//! Finds personal data and secrets in a text, in one pass from left to right: word by word, with everything that a find
//! needs in front of it, so that a text may be looked at in pieces ([`crate::Masker`]).
//!
//! What decides is form and check digit; where these are weak, a word such as "phone" or "token" shortly before. A miss
//! costs little, so bytes that begin nothing are skipped by a table.

mod checks;
mod names;
mod national;
mod numbers;
mod places;
mod secrets;
mod text;

use std::collections::HashMap;
use std::sync::LazyLock;

use foldhash::fast::RandomState;

use crate::Class;
pub(crate) use secrets::is_open_pem as is_open;
use text::{Byte, Word, kind, word};

/// What was found, and where: bytes of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// What it is.
    pub class: Class,
    /// Where it begins.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
}

/// How far in front of the place where something begins is looked at most, bytes; what is one word, without a space, or
/// a key in PEM may be longer.
pub(crate) const AHEAD: usize = 224;
/// How far back a word tells what a number is, bytes.
const BACK: usize = 40;
/// Longest word that is looked up, bytes.
const LONGEST_WORD: usize = 32;

/// What a word says about what comes behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hint {
    Phone,
    /// The number of something: no telephone, and no number of a person.
    Thing,
    Version,
    Secret,
    Password,
    Ssn,
    TaxId,
    Bsn,
    Pesel,
    Cpf,
    Aadhaar,
    /// The word for a street, its name comes behind it.
    Street,
}

const HINTS: usize = Hint::Street as usize + 1;

/// Words that are hints, in lower case.
const WORDS: &[(Hint, &str)] = &[
    (
        Hint::Phone,
        "phone telephone tel call mobile cell fax telefon handy mobil mobilnummer telefonnummer rufnummer tél téléphone \
         portable móvil teléfono teléfonos telefono cellulare numero whatsapp sms text ring dial telefone celular \
         telefoon telefoonnummer telefonu komórka landline hotline contact reach phones",
    ),
    (
        Hint::Thing,
        "order invoice ticket isbn issn serial sku tracking reference ref rechnung bestellung auftrag commande facture \
         pedido factura ordine part article artikel build commit sku ean upc parcel shipment case version id batch \
         model item product doi revision zamówienie faktura",
    ),
    (Hint::Version, "version versions ver release v section chapter firmware build kapitel abschnitt driver"),
    (
        Hint::Secret,
        "key keys token tokens secret secrets apikey apisecret accesstoken accesskey secretkey authtoken clientsecret \
         bearer credential credentials auth authorization privatekey schlüssel geheimnis clé jeton clave llave chiave \
         accountkey sharedaccesskey signature refreshtoken",
    ),
    (
        Hint::Password,
        "password passwd pwd passwort kennwort passphrase contraseña senha passcode pass hasło wachtwoord",
    ),
    (Hint::Ssn, "ssn ssns social"),
    (Hint::TaxId, "steuer steuerid steuernummer idnr tin steueridentifikationsnummer identifikationsnummer tax taxid"),
    (Hint::Bsn, "bsn burgerservicenummer sofi sofinummer citizen"),
    (Hint::Pesel, "pesel peselu"),
    (Hint::Cpf, "cpf"),
    (
        Hint::Street,
        "rue avenue boulevard place chemin allée impasse quai calle avenida avda paseo plaza carrer via viale piazza corso \
         largo rua praça travessa ul ulica aleja al plac",
    ),
    (Hint::Aadhaar, "aadhaar aadhar adhaar uidai uid"),
];

static HINTED: LazyLock<HashMap<&'static [u8], Vec<Hint>, RandomState>> = LazyLock::new(|| {
    let mut hinted: HashMap<&[u8], Vec<Hint>, RandomState> = HashMap::default();
    for (hint, words) in WORDS {
        words.split_whitespace().for_each(|word| hinted.entry(word.as_bytes()).or_default().push(*hint));
    }
    hinted
});

/// Which lengths the hints have that begin with a byte: most words are none, and need not be looked up.
static LENGTHS: LazyLock<[u64; 256]> = LazyLock::new(|| {
    let mut lengths = [0u64; 256];
    for word in HINTED.keys() {
        lengths[usize::from(word[0])] |= 1 << word.len();
    }
    lengths
});

/// Where in the text each hint was met last: one behind its end, 0 if nowhere.
#[derive(Clone, Debug, Default)]
pub(crate) struct State([usize; HINTS]);

impl State {
    fn met(&mut self, hint: Hint, end: usize) {
        self.0[hint as usize] = end + 1;
    }

    /// Whether a hint was met at most `back` bytes before `at`.
    fn is_near(&self, hint: Hint, at: usize, back: usize) -> bool {
        let met = self.0[hint as usize];
        met > 0 && at + 1 - met <= back
    }

    /// Where a hint ended that was met shortly before `at`.
    fn end_of(&self, hint: Hint, at: usize) -> Option<usize> {
        self.is_near(hint, at, BACK).then(|| self.0[hint as usize] - 1)
    }

    /// The text lost so many bytes at its beginning.
    pub fn shift(&mut self, bytes: usize) {
        self.0.iter_mut().for_each(|met| *met = met.saturating_sub(bytes));
    }
}

/// What is looked for.
#[derive(Clone, Debug)]
pub struct Scanner {
    wanted: u64,
    /// Names that the operator wants found, by their first word in lower case.
    names: HashMap<Vec<u8>, Vec<String>>,
}

impl Scanner {
    /// Looks for these classes, and for these names whoever has them.
    pub fn new(classes: &[Class], names: &[String]) -> Self {
        let mut wanted = classes.iter().fold(0, |wanted, class| wanted | 1 << *class as u64);
        let mut known: HashMap<Vec<u8>, Vec<String>> = HashMap::new();
        for name in names.iter().map(|name| name.trim()).filter(|name| !name.is_empty()) {
            wanted |= 1 << Class::Name as u64;
            let first = word(name.as_bytes(), 0).end.max(1);
            let first = name.get(..first).unwrap_or(name).to_lowercase().into_bytes();
            known.entry(first).or_default().push(name.to_owned());
        }
        known.values_mut().for_each(|names| names.sort_by_key(|name| std::cmp::Reverse(name.len())));
        Scanner { wanted, names: known }
    }

    /// Whether nothing is looked for.
    pub fn is_idle(&self) -> bool {
        self.wanted == 0
    }

    fn wants(&self, class: Class) -> bool {
        self.wanted & 1 << class as u64 != 0
    }

    /// All that is in `text`, in order; nothing overlaps.
    pub fn scan(&self, text: &str) -> Vec<Span> {
        let mut found = Vec::new();
        if !self.is_idle() {
            self.run(text, 0, text.len(), &mut State::default(), &mut found);
        }
        found
    }

    /// Looks at what begins between `from` and `until`, and returns where to go on: behind the last find, or word.
    pub(crate) fn run(&self, text: &str, from: usize, until: usize, state: &mut State, found: &mut Vec<Span>) -> usize {
        let bytes = text.as_bytes();
        let mut at = from;
        while at < until {
            let next = match kind(bytes[at]) {
                Byte::Other => {
                    at += 1;
                    continue;
                }
                Byte::Sign => self.sign(bytes, at, state),
                Byte::Letter | Byte::Digit | Byte::High => {
                    let word = word(bytes, at);
                    if word.end == at {
                        at += 1;
                        continue;
                    }
                    self.word(text, &word, state).ok_or(word.end)
                }
            };
            at = match next {
                Ok(span) => {
                    found.push(span);
                    span.end
                }
                Err(next) => next,
            };
        }
        at
    }

    /// What begins with a sign.
    fn sign(&self, bytes: &[u8], at: usize, state: &State) -> Result<Span, usize> {
        let before = at.checked_sub(1).map(|before| bytes[before]);
        let open = before.is_none_or(|byte| !byte.is_ascii_alphanumeric());
        let found = match bytes[at] {
            b'-' => secrets::pem(self, bytes, at),
            b'+' | b'(' if open && self.wants(Class::Phone) => numbers::phone(bytes, at, state),
            b':' if open && self.wants(Class::Ip) => numbers::ip6(bytes, at),
            _ => None,
        };
        found.ok_or(at + 1)
    }

    /// What begins with a word.
    fn word(&self, text: &str, word: &Word, state: &mut State) -> Option<Span> {
        let bytes = text.as_bytes();
        if !self.names.is_empty()
            && let Some(span) = self.listed(text, word)
        {
            return Some(span);
        }
        if let Some(span) = secrets::find(self, bytes, word, state) {
            return Some(span);
        }
        let mail = self.wants(Class::Email).then(|| numbers::email(bytes, word)).flatten();
        if mail.is_some() {
            return mail;
        }
        if word.digits {
            return self.number(bytes, word, state);
        }
        let street = word.len() <= LONGEST_WORD && hint(bytes, word, state);
        if word.capital && word.len() < 3 {
            let short = national::by_letters(self, bytes, word);
            if short.is_some() {
                return short;
            }
        }
        let place = self.wants(Class::Address).then(|| places::by_street(text, word, street)).flatten();
        if place.is_some() {
            return place;
        }
        let hex = bytes.get(word.end) == Some(&b':') && word.len() <= 4 && self.wants(Class::Ip);
        let hex = hex.then(|| numbers::ip6(bytes, word.start)).flatten();
        let named = || (word.capital && self.wants(Class::Name)).then(|| names::find(bytes, word)).flatten();
        hex.or_else(named)
    }

    /// What begins with a word that has digits.
    fn number(&self, bytes: &[u8], word: &Word, state: &State) -> Option<Span> {
        if self.wants(Class::Ip)
            && let Some(span) = numbers::ip(bytes, word, state)
        {
            return Some(span);
        }
        if !bytes[word.start].is_ascii_digit() {
            return national::with_letters(self, bytes, word);
        }
        let groups = numbers::Groups::read(bytes, word.start);
        let long = || {
            let card = self.wants(Class::Card).then(|| numbers::card(&groups)).flatten();
            card.or_else(|| national::find(self, bytes, word, &groups, state)).or_else(|| {
                self.wants(Class::Phone).then(|| numbers::local(bytes, word.start, &groups, state)).flatten()
            })
        };
        let long = (groups.sum() >= numbers::FEWEST).then(long).flatten();
        long.or_else(|| national::of_the_south(self, bytes, word))
            .or_else(|| self.wants(Class::Address).then(|| places::by_number(bytes, word)).flatten())
    }

    /// A name of the operator's list.
    fn listed(&self, text: &str, word: &Word) -> Option<Span> {
        let first = text.get(word.start..word.end)?.to_lowercase();
        let fits = |name: &&String| {
            let rest = text.as_bytes().get(word.start..word.start + name.len())?;
            let end = word.start + name.len();
            let whole = kind(*text.as_bytes().get(end).unwrap_or(&b' ')) == Byte::Other
                || text.as_bytes().get(end).is_some_and(|byte| matches!(kind(*byte), Byte::Sign));
            (rest.eq_ignore_ascii_case(name.as_bytes()) && whole).then_some(end)
        };
        let end = self.names.get(first.as_bytes())?.iter().find_map(|name| fits(&name))?;
        Some(Span { class: Class::Name, start: word.start, end })
    }
}

/// Notes what a word says about what comes behind it; tells whether streets begin with it.
fn hint(bytes: &[u8], word: &Word, state: &mut State) -> bool {
    let first = bytes[word.start].to_ascii_lowercase();
    if LENGTHS[usize::from(first)] & 1 << word.len() == 0 {
        return false;
    }
    let mut lower = [0; LONGEST_WORD];
    for (lower, byte) in lower.iter_mut().zip(&bytes[word.start..word.end]) {
        *lower = byte.to_ascii_lowercase();
    }
    let Some(hints) = HINTED.get(&lower[..word.len()]) else { return false };
    hints.iter().for_each(|hint| state.met(*hint, word.end));
    hints.contains(&Hint::Street)
}

#[cfg(test)]
mod tests;
