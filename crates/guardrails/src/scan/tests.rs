use std::collections::BTreeMap;
use std::time::Instant;

use super::*;

fn check(scanner: &Scanner, text: &str, expected: &[(&str, &str)]) {
    let found: Vec<_> =
        scanner.scan(text).into_iter().map(|span| (span.class.name(), &text[span.start..span.end])).collect();
    assert_eq!(found, expected, "{text}");
}

#[test]
fn names_of_the_operators_list_are_found_in_either_case() {
    let scanner = Scanner::new(&[], &["Falcon Nine".to_owned(), "Ümit".to_owned()]);
    check(&scanner, "The falcon nine and Ümit's friend", &[("name", "falcon nine"), ("name", "Ümit")]);
    check(&scanner, "Falcon Nineteen, Falcon, Ümitcan, mail a@example.org", &[]);
}

#[test]
fn only_what_is_wanted_is_found() {
    let scanner = Scanner::new(&[Class::Phone], &[]);
    check(&scanner, "a@example.org, +49 30 901820, 4111 1111 1111 1111", &[("phone", "+49 30 901820")]);
    assert!(Scanner::new(&[], &[]).is_idle());
}

#[test]
fn what_stands_close_together_is_told_apart() {
    let scanner = Scanner::new(Class::ALL, &[]);
    check(
        &scanner,
        "电话+8613812345678,邮箱wang@example.cn。",
        &[("phone", "+8613812345678"), ("email", "wang@example.cn")],
    );
    check(&scanner, "a@example.org;b@example.org", &[("email", "a@example.org"), ("email", "b@example.org")]);
    check(&scanner, "“4111111111111111”", &[("credit_card", "4111111111111111")]);
}

/// Texts of several countries, half of them with nothing in them.
const CORPUS: &str = include_str!("corpus.tsv");

#[test]
fn precision_and_recall_are_at_least_95_percent_in_each_class() {
    let scanner = Scanner::new(Class::ALL, &[]);
    let (mut hits, mut misses, mut wrong) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    let (mut lines, mut empty, mut said) = (0, 0, Vec::new());
    for line in CORPUS.lines().filter(|line| !line.starts_with('#')) {
        let (expected, text) = line.split_once('\t').unwrap();
        let (text, expected) = (text.replace("\\n", "\n"), expected.replace("\\n", "\n"));
        lines += 1;
        empty += usize::from(expected == "-");
        let mut expected: Vec<(&str, &str)> = expected.split('|').filter_map(|one| one.split_once('=')).collect();
        for span in scanner.scan(&text) {
            let found = (span.class.name(), &text[span.start..span.end]);
            match expected.iter().position(|one| *one == found) {
                Some(at) => {
                    expected.remove(at);
                    *hits.entry(span.class.name()).or_insert(0u32) += 1;
                }
                None => {
                    said.push(format!("wrong: {found:?} in {text:?}"));
                    *wrong.entry(span.class.name()).or_insert(0u32) += 1;
                }
            }
        }
        for (class, value) in expected {
            said.push(format!("missed: {class} {value:?} in {text:?}"));
            let class = Class::ALL.iter().find(|known| known.name() == class).unwrap().name();
            *misses.entry(class).or_insert(0u32) += 1;
        }
    }
    println!("{:<16}{:>6}{:>11}{:>9}", "class", "values", "precision", "recall");
    let mut poor = Vec::new();
    for class in Class::ALL {
        let count = |map: &BTreeMap<&str, u32>| f64::from(map.get(class.name()).copied().unwrap_or_default());
        let (hits, misses, wrong) = (count(&hits), count(&misses), count(&wrong));
        let (precision, recall) = (hits / (hits + wrong), hits / (hits + misses));
        println!("{:<16}{:>6}{precision:>11.3}{recall:>9.3}", class.name(), hits + misses);
        if precision.is_nan() || precision < 0.95 || recall < 0.95 {
            poor.push(class.name());
        }
    }
    said.iter().for_each(|line| println!("{line}"));
    assert!(lines >= 1_000 && (490..=510).contains(&(empty * 1_000 / lines)), "{empty} of {lines} are empty");
    assert!(poor.is_empty(), "below 0.95: {poor:?}");
}

#[test]
fn no_text_makes_it_panic() {
    let scanner = Scanner::new(Class::ALL, &["Falcon Nine".to_owned()]);
    let pieces = [
        "+",
        "(",
        ")",
        "0",
        "00",
        "1",
        "49",
        "2A",
        "756",
        ".",
        "-",
        "/",
        ":",
        "::",
        " ",
        "@",
        "a",
        "Ab",
        "X",
        "AB",
        "DE89",
        "é",
        "Ł",
        "’",
        "电",
        "🦀",
        "eyJ",
        "sk-",
        "://",
        "key",
        "password",
        "=",
        "'",
        "\"",
        "Via",
        "Mr",
        "Anna",
        "Falcon",
        "Nine",
        "straße",
        "rue",
        "bis",
        "-----BEGIN ",
        "PRIVATE KEY-----",
        "-----END",
        "1234567890123456789012345",
        "\n",
        "_",
        "St",
        "phone",
        "ssn",
    ];
    let mut dice = 7u64;
    for _ in 0..20_000 {
        let mut text = String::new();
        for _ in 0..12 {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            text.push_str(pieces[(dice >> 33) as usize % pieces.len()]);
        }
        let mut end = 0;
        for span in scanner.scan(&text) {
            assert!(end <= span.start && span.start < span.end && text.get(span.start..span.end).is_some(), "{text}");
            end = span.end;
        }
    }
}

#[test]
fn ten_kilobytes_take_under_100_microseconds() {
    let scanner = Scanner::new(Class::ALL, &[]);
    let lines = CORPUS.lines().filter(|line| line.starts_with("-\t")).map(|line| &line[2..]);
    let prose =
        "The quick brown fox jumps over the lazy dog while Anna Smith writes to her friends about 12 things at noon. ";
    for (what, text) in [("prose", prose.repeat(120)), ("corpus", lines.collect::<Vec<_>>().join(" "))] {
        let text = &text[..text.floor_char_boundary(10_240)];
        let once = || {
            let began = Instant::now();
            std::hint::black_box(scanner.scan(std::hint::black_box(text)));
            began.elapsed()
        };
        let best = (0..200).map(|_| once()).min().unwrap();
        println!("10 KB of {what}: {best:?}");
        // Only a release says how fast it is.
        assert!(cfg!(debug_assertions) || best.as_micros() < 100, "{what}: {best:?}");
    }
}
