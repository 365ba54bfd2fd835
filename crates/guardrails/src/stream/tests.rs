use super::*;
use crate::{Class, Vault};

const TEXT: &str = "Dear Mr. Smith, write to ada@example.org or call +49 30 901820, today. Card 4111 1111 1111 1111, IBAN \
    DE89 3704 0044 0532 0130 00. My token: 9aF3kL0zQ1xW8eR7tY6u and sk-proj-abcDEF0123456789abcdefXYZ; 12 rue de la Paix in Paris, \
    Hauptstraße 5. -----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQ\nabc\n-----END PRIVATE KEY----- ähm, 192.168.1.20 \
    and 2001:db8::8a2e:370:7334. SSN 536-90-4399; AB 12 34 56 C. Ada Lovelace wrote it, 2024-05-06, on page 1234567890. The end.";

fn whole(scanner: &Scanner) -> String {
    let mut vault = Vault::default();
    let (mut out, mut at) = (String::new(), 0);
    for span in scanner.scan(TEXT) {
        out.push_str(&TEXT[at..span.start]);
        out.push_str(vault.mask(span.class, &TEXT[span.start..span.end], false));
        at = span.end;
    }
    out + &TEXT[at..]
}

fn pieces<'p>(scanner: &Scanner, pieces: impl IntoIterator<Item = &'p str>) -> String {
    let (mut vault, mut masker, mut out) = (Vault::default(), Masker::default(), String::new());
    for piece in pieces {
        masker.push(scanner, piece, &mut out, |span, value, out| out.push_str(vault.mask(span.class, value, false)));
    }
    masker.finish(scanner, &mut out, |span, value, out| out.push_str(vault.mask(span.class, value, false)));
    out
}

#[test]
fn a_text_cut_anywhere_is_masked_as_if_it_came_whole() {
    let scanner = Scanner::new(Class::ALL, &[]);
    let expected = whole(&scanner);
    for label in [
        "NAME_1",
        "NAME_2",
        "EMAIL_1",
        "PHONE_1",
        "CARD_1",
        "IBAN_1",
        "SECRET_1",
        "API_KEY_1",
        "ADDRESS_1",
        "ADDRESS_2",
        "PRIVATE_KEY_1",
        "IP_1",
        "IP_2",
        "SSN_1",
        "NINO_1",
    ] {
        assert!(expected.contains(label), "{label} in {expected}");
    }
    let cuts: Vec<usize> = (0..=TEXT.len()).filter(|at| TEXT.is_char_boundary(*at)).collect();
    for at in &cuts {
        assert_eq!(pieces(&scanner, [&TEXT[..*at], &TEXT[*at..]]), expected, "cut at {at}");
    }
    for size in 1..40 {
        let ends = cuts.iter().copied().filter(|at| at % size == 0).chain([TEXT.len()]);
        let mut from = 0;
        let cut = ends.map(|to| &TEXT[std::mem::replace(&mut from, to)..to]).collect::<Vec<_>>();
        assert_eq!(pieces(&scanner, cut), expected, "pieces of {size}");
    }
    // Much text before and behind changes nothing.
    let long = format!("{}{TEXT}{}", "word ".repeat(200), " word".repeat(200));
    let cut: Vec<&str> = long.split_inclusive(' ').collect();
    assert_eq!(pieces(&scanner, cut), format!("{}{expected}{}", "word ".repeat(200), " word".repeat(200)));
}

#[test]
fn what_is_held_back_has_an_end() {
    let scanner = Scanner::new(Class::ALL, &[]);
    for text in ["a".repeat(1 << 20), "-----BEGIN PRIVATE KEY-----\n".to_owned() + &"ab12".repeat(1 << 18)] {
        let (mut masker, mut out) = (Masker::default(), String::new());
        let bytes = text.as_bytes();
        for piece in bytes.chunks(4096) {
            masker.push(&scanner, std::str::from_utf8(piece).unwrap(), &mut out, |_, _, out| out.push('*'));
            assert!(masker.text.len() <= MOST + 4096 + BEHIND);
        }
    }
}

#[test]
fn a_long_text_in_pieces_of_any_size_is_masked_as_if_it_came_whole() {
    let lines = include_str!("../scan/corpus.tsv").lines().filter_map(|line| Some(line.split_once('\t')?.1));
    let text = lines.collect::<Vec<_>>().join(" ").replace("\\n", "\n");
    let scanner = Scanner::new(Class::ALL, &[]);
    let mut vault = Vault::default();
    let (mut expected, mut at) = (String::new(), 0);
    for span in scanner.scan(&text) {
        expected.push_str(&text[at..span.start]);
        expected.push_str(vault.mask(span.class, &text[span.start..span.end], false));
        at = span.end;
    }
    expected.push_str(&text[at..]);
    let mut dice = 11u64;
    for most in [1, 3, 17, 100, 1_000] {
        let (mut cut, mut from) = (Vec::new(), 0);
        while from < text.len() {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let to = text.ceil_char_boundary((from + 1 + (dice >> 33) as usize % most).min(text.len()));
            cut.push(&text[from..to]);
            from = to;
        }
        assert!(pieces(&scanner, cut) == expected, "in pieces of up to {most}");
    }
}
