//! The classifier against the labelled set, and how fast it is.

use std::time::{Duration, Instant};

use super::*;

const PROMPTS: &str = include_str!("prompts.tsv");

/// Every second line of the labelled set, from the first or the second one on.
fn half(from: usize) -> Vec<(Intent, String)> {
    let labelled = table::lines(PROMPTS).map(|line| {
        let (intent, text) = line.split_once('\t').expect("an intent and a prompt");
        (Intent::parse(intent).expect("a known intent"), text.replace("\\n", "\n"))
    });
    labelled.skip(from).step_by(2).collect()
}

fn ask(user: &str) -> Reading {
    read(&Prompt { user, ..Prompt::default() })
}

/// Right verdicts, per cent; prints who was taken for what.
fn judge(name: &str, prompts: &[(Intent, String)]) -> f64 {
    let mut confusion = [[0; 5]; 5];
    for (intent, text) in prompts {
        confusion[*intent as usize][ask(text).intent as usize] += 1;
    }
    println!("{name}: rows are what it is, columns what it was taken for");
    println!("{:>16} {}", "", Intent::ALL.map(|intent| format!("{:>14}", intent.name())).join(" "));
    for (intent, row) in Intent::ALL.iter().zip(&confusion) {
        println!("{:>16} {}", intent.name(), row.map(|count| format!("{count:>14}")).join(" "));
    }
    let right: usize = (0..5).map(|index| confusion[index][index]).sum();
    let percent = 100.0 * right as f64 / prompts.len() as f64;
    println!("{right} of {} right: {percent:.1} %", prompts.len());
    percent
}

#[test]
fn at_least_nine_of_ten_prompts_that_nobody_tuned_for_are_understood() {
    let held_back = half(1);
    assert_eq!(held_back.len(), 150);
    let percent = judge("held back", &held_back);
    assert!(percent >= 90.0, "{percent}");
}

/// `cargo test -p policy prompts_that_were_tuned_for -- --nocapture` says what is taken for something else, and why.
/// The half that is held back is not for looking at.
#[test]
fn prompts_that_were_tuned_for_are_understood() {
    let tuned = half(0);
    let percent = judge("tuned for", &tuned);
    for (intent, text) in &tuned {
        let reading = ask(text);
        if reading.intent != *intent {
            let (name, taken) = (intent.name(), reading.intent.name());
            println!("{name} was taken for {taken}: {text:?} {:?} {:?}", reading.scores, reading.because);
        }
    }
    assert!(percent >= 90.0, "{percent}");
}

#[test]
fn every_line_of_the_table_is_understood() {
    for line in table::lines(table::TEXT) {
        let (effects, spellings) = line.split_once('\t').unwrap_or_else(|| panic!("no tab: {line}"));
        let understood = effects == "polite" || effects.split(' ').all(|text| table::effect(text).is_some());
        assert!(understood, "effects: {line}");
        for spelling in spellings.split(" | ") {
            let known = !spelling.starts_with('@')
                || structure::PROPERTIES.iter().any(|(name, _)| *name == spelling)
                || spelling.strip_prefix("@is_").is_some_and(|name| Intent::parse(name).is_some());
            assert!(known && spelling == spelling.to_lowercase() && !spelling.is_empty(), "{spelling}: {line}");
        }
    }
    assert!(Table::shared().is_searchable());
}

#[test]
fn a_verdict_says_why() {
    let reading = ask("Please extract all email addresses from the text below as JSON.\n\nanna@example.com");
    assert_eq!(reading.intent, Intent::Extraction);
    assert_eq!(reading.because[0].feature, "extract");
    assert!(reading.because.windows(2).all(|pair| pair[0].points >= pair[1].points));
    assert_eq!(reading.scores[Intent::Extraction as usize], *reading.scores.iter().max().unwrap());
}

#[test]
fn what_the_application_says_counts_beside_what_the_user_says() {
    let system =
        "Classify the ticket into one of the following categories: billing, technical, other. Answer with one word.";
    let user = "I was charged twice and nobody answers my mails.";
    assert_eq!(read(&Prompt { system, user }).intent, Intent::Classification);
    let system = "You are the assistant of a shop. Be friendly. You can also help with code.";
    assert_eq!(read(&Prompt { system, user: "Tell me a joke, please." }).intent, Intent::Chat);
}

#[test]
fn hard_work_is_told_from_simple_work() {
    let difficulty = |text: &str| ask(text).difficulty;
    let simple = ["Hi there!", "What is the capital of France?", "Translate to German: good morning", "thanks"];
    let hard = [
        "Prove rigorously that every finite integral domain is a field, step by step.",
        "Design a distributed rate limiter with replication and rollback; compare the trade-offs step by step.",
        "Beweise Schritt für Schritt, dass es unendlich viele Primzahlen gibt, und begründe jeden Schritt.",
    ];
    for simple in simple {
        for hard in hard {
            assert!(difficulty(simple) + 30 <= difficulty(hard), "{simple} / {hard}");
        }
    }
}

#[test]
fn odd_texts_are_read_without_harm() {
    for text in ["", " ", "\u{0}", "🦀🦀🦀", "ẞİ", "^", "\"", "a\u{301}", "?", ",,,", "@always"] {
        assert_eq!(ask(text).intent, Intent::Chat, "{text:?}");
    }
    let wide = "語🦀".repeat(100_000);
    assert_eq!(ask(&wide).intent, Intent::Chat);
    assert_eq!(ask(&format!("{wide}. Write a Python function.")).intent, Intent::Code, "the tail is read, too");
}

/// Texts of 4 KB: the labelled prompts, joined until they are long enough.
fn long_texts() -> Vec<String> {
    let prompts: Vec<String> = half(0).into_iter().map(|(_, text)| text).collect();
    let long = |from: usize| {
        let joined: String = prompts.iter().cycle().skip(from).take(60).map(|text| format!("{text}\n\n")).collect();
        joined[..joined.floor_char_boundary(4 << 10)].to_owned()
    };
    (0..prompts.len()).map(long).collect()
}

/// `cargo test --release -p policy four_kilobytes -- --nocapture` gives the figures of a release.
#[test]
fn four_kilobytes_are_read_in_under_200_microseconds() {
    let texts = long_texts();
    let rounds = if cfg!(debug_assertions) { 1 } else { 40 };
    let mut times: Vec<Duration> = Vec::new();
    for text in texts.iter().cycle().take(texts.len() * (rounds + 1)) {
        let began = Instant::now();
        std::hint::black_box(ask(text));
        times.push(began.elapsed());
    }
    // The first round warms up.
    let times = &mut times[texts.len()..];
    times.sort_unstable();
    let at = |share: f64| times[(times.len() as f64 * share) as usize];
    println!("{} texts of 4 KB: p50 {:?}, p99 {:?}, most {:?}", times.len(), at(0.5), at(0.99), at(0.9999));
    // Only a release is held to it.
    let limit = Duration::from_micros(if cfg!(debug_assertions) { 200_000 } else { 200 });
    assert!(at(0.99) < limit, "{:?}", at(0.99));
}
