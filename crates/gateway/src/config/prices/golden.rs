//! `golden/sheet.txt`: usage objects as providers send them, and the dollars they come to. Each goes the whole way: the
//! configuration, the dialect's reader, the tariff.

use std::fmt::Write;

use dialects::{BACKS, Back};
use jiff::Timestamp;
use policy::price::{Bill, Context};
use types::{Event, Operation, Usage};

use crate::config::tests::{ENV, load_files};

const SHEET: &str = include_str!("golden/sheet.txt");
const PRICES: &str = include_str!("golden/prices.json");

/// A case of the sheet: its lines by what they begin with.
struct Case<'t> {
    title: &'t str,
    lines: Vec<(&'t str, &'t str)>,
}

impl<'t> Case<'t> {
    fn read(text: &'t str) -> Option<Self> {
        let mut lines = text.lines();
        let title = lines.next()?.strip_prefix("# ")?;
        let lines = lines.map(|line| match line.strip_prefix("| ") {
            Some(event) => ("|", event),
            None => line.split_once(':').map(|(name, rest)| (name, rest.trim())).unwrap_or_else(|| panic!("{line}")),
        });
        Some(Case { title, lines: lines.collect() })
    }

    fn get(&self, name: &str) -> Option<&'t str> {
        self.lines.iter().find(|(known, _)| *known == name).map(|(_, rest)| *rest)
    }

    fn all(&self, name: &str) -> impl Iterator<Item = &'t str> {
        self.lines.iter().filter(move |(known, _)| *known == name).map(|(_, rest)| *rest)
    }

    /// What the provider's bytes say was consumed.
    fn usage(&self) -> Usage {
        for back in BACKS {
            if let Some(usage) = self.get(back.name()) {
                return whole(*back, Operation::Chat, usage);
            }
            if let Some(usage) = self.get(&format!("{} embedding", back.name())) {
                return whole(*back, Operation::Embedding, usage);
            }
            if self.get(&format!("{} stream", back.name())).is_some() {
                return stream(*back, self.all("|"));
            }
        }
        panic!("{} has no usage", self.title);
    }

    fn bill(&self) -> Bill<'t> {
        let mut bill = Bill::default();
        for (name, value) in
            self.get("bill").unwrap_or_default().split_whitespace().filter_map(|word| word.split_once('='))
        {
            match name {
                "service" => bill.service = Some(value),
                "region" => bill.region = Some(value),
                "ms" => bill.lasted_ms = value.parse().unwrap(),
                "at" => bill.at = value.parse::<Timestamp>().unwrap().as_second(),
                "context" if value == "low" => bill.context = Context::Low,
                "context" if value == "high" => bill.context = Context::High,
                _ => panic!("{}: {name}={value}", self.title),
            }
        }
        bill
    }

    /// The configuration with this one model.
    fn config(&self) -> String {
        let model = self.get("model").unwrap_or_else(|| panic!("{} has no model", self.title));
        let of = |name| self.get(name).unwrap_or_default();
        let mut text = format!(
            "model_list: [{{model_name: a, litellm_params: {{model: '{model}', api_key: k, {}}}, model_info: {{{}}}}}]\n",
            of("params"),
            of("info")
        );
        let _ = writeln!(text, "litellm_settings: {{model_cost_map_url: prices.json, {}}}", of("settings"));
        text
    }

    /// Dollars, or `unknown`.
    fn found(&self) -> String {
        let loaded = load_files(&[("config.yaml", &self.config()), ("prices.json", PRICES)], ENV);
        let setup = loaded.setup.unwrap_or_else(|| panic!("{}: {}", self.title, loaded.report));
        let deployment = &setup.groups["a"].deployments[0];
        let (usage, bill) = (self.usage(), self.bill());
        let tariff = deployment.tariff(&deployment.model);
        let Some(cost) = tariff.cost(&usage, &bill) else { return "unknown".to_owned() };
        let lines = [cost.input, cost.cache_read, cost.cache_write, cost.output, cost.reasoning, cost.other];
        assert_eq!(lines.into_iter().sum::<types::Usd>(), cost.total, "{}", self.title);
        let service = usage.tier.map(types::Tier::as_str).or(bill.service);
        let quote = tariff.quote(usage.input.unwrap_or(0), service).filter(|_| usage.web_searches.is_none());
        if let Some(quote) = quote {
            let most = quote.worst(usage.output.unwrap_or(0)) + quote.time(bill.lasted_ms);
            assert!(cost.total <= most, "{}: {} was quoted {most}", self.title, cost.total);
        }
        cost.total.to_string()
    }
}

/// The usage of an answer around it.
fn whole(back: &dyn Back, operation: Operation, usage: &str) -> Usage {
    let text = match (back.name(), operation) {
        ("openai", Operation::Embedding) => {
            format!(
                r#"{{"object": "list", "model": "m", "data": [{{"index": 0, "embedding": [0.5]}}], "usage": {usage}}}"#
            )
        }
        ("openai", _) => format!(
            r#"{{"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [{{"index": 0,
            "message": {{"role": "assistant", "content": "hi"}}, "finish_reason": "stop"}}], "usage": {usage}}}"#
        ),
        ("anthropic", _) => format!(
            r#"{{"id": "m", "type": "message", "role": "assistant", "model": "m", "content": [{{"type": "text",
            "text": "hi"}}], "stop_reason": "end_turn", "stop_sequence": null, "usage": {usage}}}"#
        ),
        ("gemini", _) => format!(
            r#"{{"candidates": [{{"content": {{"role": "model", "parts": [{{"text": "hi"}}]}}, "finishReason": "STOP",
            "index": 0}}], "usageMetadata": {usage}, "modelVersion": "m", "responseId": "r"}}"#
        ),
        // Ollama's counts stand in the answer itself.
        (_, _) => usage.replacen(
            '{',
            r#"{"model": "m", "created_at": "2026-11-02T00:00:00Z", "message": {"role": "assistant", "content": "hi"},
            "done": true, "done_reason": "stop", "#,
            1,
        ),
    };
    back.read_answer(operation, text.as_bytes()).unwrap_or_else(|fault| panic!("{}: {text}", fault.message)).usage()
}

/// The usage that the events of a stream add up to.
fn stream<'t>(back: &dyn Back, events: impl Iterator<Item = &'t str>) -> Usage {
    let (mut reader, mut out) = (back.stream_reader(Operation::Chat), Vec::new());
    for event in events {
        reader.read(event.as_bytes(), &mut out).unwrap_or_else(|fault| panic!("{}: {event}", fault.message));
    }
    reader.finish(&mut out);
    let mut usage = Usage::default();
    for event in out {
        if let Event::Usage(later) = event {
            usage.update(&later);
        }
    }
    usage
}

/// The value of a sum that is written out in the sheet, in dollars.
fn reckoned(sum: &str) -> f64 {
    let term = |term: &str| {
        let per_token = if term.contains('$') { 1.0 } else { 1e-6 };
        let factors = term.split(" x ").map(|factor| factor.trim().trim_start_matches('$'));
        factors.map(|factor| factor.parse::<f64>().unwrap_or_else(|_| panic!("{sum}"))).product::<f64>() * per_token
    };
    sum.split(" + ").map(term).sum()
}

#[test]
fn calls_cost_what_the_sheet_says() {
    let cases: Vec<Case> = SHEET.split("\n\n").filter_map(|text| Case::read(text.trim())).collect();
    assert!(cases.len() >= 60 && cases.len() == SHEET.matches("\ndollars: ").count(), "{} cases", cases.len());
    let mut wrong = String::new();
    for case in &cases {
        let expected = case.get("dollars").unwrap_or_else(|| panic!("{} has no dollars", case.title));
        if let Some(sum) = case.get("cost") {
            let dollars: f64 = expected.parse().unwrap();
            assert!((reckoned(sum) - dollars).abs() < 0.51e-9, "{}: {sum} is {}", case.title, reckoned(sum));
        }
        let found = case.found();
        if found != expected {
            let _ = writeln!(wrong, "{}: {found} instead of {expected}", case.title);
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}
