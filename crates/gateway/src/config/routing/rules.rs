//! `router_settings.routers`: rules in the order in which they are asked.

use std::time::Duration;

use jiff::tz::TimeZone;
use policy::intent::Intent;
use policy::nearest;
use policy::router::{Arm, Check, Embedder, Hours, Length, Like, Router, Rule, Span, Tier, Tiers, When};

use super::{Declared, arm, rule};
use crate::config::keys::{ROUTE_RULE, ROUTE_WHEN, ROUTER_ENTRY};
use crate::config::report::{Notes, Place};
use crate::config::section::{Section, scalar};
use crate::config::tree::{Node, Value};

/// The days of the week, Monday first.
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
/// Most examples of a router, and their longest, characters.
const MOST_EXAMPLES: usize = 200;
const LONGEST_EXAMPLE: usize = 2_000;
/// How near a text must be to an example, unless somebody says otherwise.
pub(super) const NEAR: f64 = 0.5;
/// How long a call waits for the vector of its text, unless somebody says otherwise.
pub(super) const EMBEDDING_TIME: Duration = Duration::from_secs(1);
/// Prices are given per million tokens: 12 digits of picodollars less 6.
const PICODOLLARS_PER_MILLION: u16 = 6;

/// Reads all of them.
pub fn read(router: &Section, notes: &mut Notes) -> Vec<Declared> {
    entries(router.node("routers"))
        .map(|(name, node)| {
            let path = format!("{}.{name}", router.at("routers"));
            one(name, node, path, notes)
        })
        .collect()
}

fn one(name: &str, node: &Node, path: String, notes: &mut Notes) -> Declared {
    let section = Section::read(Some(node), &path, &ROUTER_ENTRY, notes);
    let mut reader = Reader { targets: Vec::new(), notes };
    let mut rules: Vec<Rule> = items(section.node("rules"))
        .iter()
        .enumerate()
        .filter_map(|(index, node)| reader.rule(node, &format!("{}[{index}]", section.at("rules")), index))
        .collect();
    if let Some(model) = section.text("default") {
        reader.targets.push((model.to_owned(), section.place("default"), section.at("default")));
        rules.push(rule("default", When::default(), model));
    }
    let targets = reader.targets;
    if rules.is_empty() {
        section.missing("default", "default: my-model", notes);
    }
    let tiers = tiers(section.node("tier_boundaries"), &section.at("tier_boundaries"), notes);
    let embedder = embedder(&section, &rules, notes);
    let router = Router { rules, tiers, embedder };
    Declared { name: name.to_owned(), router, targets, place: node.place, path }
}

/// Who makes the vectors that rules by examples need.
fn embedder(section: &Section, rules: &[Rule], notes: &mut Notes) -> Option<Embedder> {
    let count: usize = rules.iter().filter_map(|rule| rule.when.like.as_ref()).map(|like| like.examples.len()).sum();
    let model = section.text("embedding_model");
    if count > MOST_EXAMPLES {
        let message = format!("there are {count} examples, and at most {MOST_EXAMPLES} of them are compared");
        notes.error(section.place("rules"), &section.at("rules"), message, "leave out some of them");
    }
    if count > 0 && model.is_none() {
        section.missing("embedding_model", "embedding_model: my-embeddings", notes);
    }
    Some(Embedder {
        model: model?.to_owned(),
        patience: section.seconds("embedding_timeout").unwrap_or(EMBEDDING_TIME),
    })
}

struct Reader<'n> {
    targets: Vec<(String, Place, String)>,
    notes: &'n mut Notes,
}

impl Reader<'_> {
    fn rule(&mut self, node: &Node, path: &str, index: usize) -> Option<Rule> {
        let section = Section::read(Some(node), path, &ROUTE_RULE, self.notes);
        let when = self.when(&section);
        let mut arms = Vec::new();
        if let Some(model) = section.text("model") {
            self.targets.push((model.to_owned(), section.place("model"), section.at("model")));
            arms.push(arm(model, 1));
        }
        if arms.is_empty() {
            arms = self.split(&section);
        } else if section.node("split").is_some() {
            let message = "a rule has either a model or a split";
            self.notes.error(section.place("split"), &section.at("split"), message, "remove one of them");
        }
        if arms.is_empty() {
            section.missing("model", "model: my-model", self.notes);
            return None;
        }
        let escalate = section.texts("escalate");
        for (model, place) in &escalate {
            self.targets.push(((*model).to_owned(), *place, section.at("escalate")));
        }
        let mut checks = self.each(&section, "checks", Check::parse, &Check::ALL.map(Check::name));
        if checks.is_empty() && !escalate.is_empty() {
            checks = Check::ALL.to_vec();
        }
        let name = section.text("name").map_or_else(|| format!("{}", index + 1), str::to_owned);
        let is_split = section.node("split").is_some();
        Some(Rule {
            experiment: is_split.then(|| section.text("experiment").unwrap_or(&name).to_owned()),
            name,
            when,
            arms,
            max_price: section.decimal("max_price").and_then(|price| price.scaled(PICODOLLARS_PER_MILLION)),
            checks,
            escalate: escalate.into_iter().map(|(model, _)| model.to_owned()).collect(),
        })
    }

    fn split(&mut self, section: &Section) -> Vec<Arm> {
        let mut arms = Vec::new();
        for (model, node) in entries(section.node("split")) {
            let path = format!("{}.{model}", section.at("split"));
            match scalar(node).and_then(|scalar| scalar.text.trim().parse().ok()) {
                Some(weight) => arms.push(arm(model, weight)),
                None => {
                    self.notes.error(node.place, &path, "a weight is a whole number", format!("write e.g. {model}: 50"))
                }
            }
            self.targets.push((model.to_owned(), node.place, path));
        }
        arms
    }

    fn when(&mut self, rule: &Section) -> When {
        let section = Section::read(rule.node("when"), &rule.at("when"), &ROUTE_WHEN, self.notes);
        let texts = |name: &str| section.texts(name).into_iter().map(|(text, _)| text.to_owned()).collect::<Vec<_>>();
        let metadata = entries(section.node("metadata")).filter_map(|(name, node)| {
            let text = match &node.value {
                Value::Scalar(scalar) if scalar.plain => scalar.flag().map(|flag| flag.to_string()),
                _ => None,
            };
            Some((name.to_owned(), text.or_else(|| Some(scalar(node)?.text.clone()))?))
        });
        When {
            intents: self.each(&section, "intent", Intent::parse, &Intent::ALL.map(Intent::name)),
            tiers: self.each(&section, "tier", Tier::parse, &Tier::ALL.map(Tier::name)),
            like: like(&section, self.notes),
            words: texts("words").iter().map(|word| word.to_lowercase()).filter(|word| !word.is_empty()).collect(),
            length: Length {
                min: section.count("min_tokens").unwrap_or(0),
                max: section.count("max_tokens").unwrap_or(u64::MAX),
            },
            languages: texts("language").iter().map(|code| code.to_lowercase()).collect(),
            tools: section.flag("tools"),
            images: section.flag("images"),
            schema: section.flag("schema"),
            metadata: metadata.collect(),
            tags: texts("tags"),
            keys: texts("keys"),
            teams: texts("teams"),
            hours: self.hours(&section),
        }
    }

    fn hours(&mut self, section: &Section) -> Option<Hours> {
        let days = self.each(section, "days", |day| DAYS.iter().position(|known| *known == day), &DAYS);
        let days = days.into_iter().fold(0, |days, day| days | 1 << day);
        let days = if days == 0 { Span::ALL_DAYS } else { days };
        let mut spans = Vec::new();
        for (text, place) in section.texts("hours") {
            match Span::parse(text, days) {
                Some(span) => spans.push(span),
                None => {
                    let message = format!("{text:?} is no span of hours");
                    self.notes.error(place, &section.at("hours"), message, "write e.g. 22:00-06:00");
                }
            }
        }
        if spans.is_empty() && section.node("days").is_some() {
            spans.extend(Span::parse("00:00-00:00", days));
        }
        let zone = match section.text("timezone").map(TimeZone::get) {
            None => TimeZone::UTC,
            Some(Ok(zone)) => zone,
            Some(Err(_)) => {
                let message = "no time zone is called like this";
                self.notes.error(
                    section.place("timezone"),
                    &section.at("timezone"),
                    message,
                    "write e.g. Europe/Berlin",
                );
                TimeZone::UTC
            }
        };
        (!spans.is_empty()).then_some(Hours { spans, zone })
    }

    /// The values of a list of known words.
    fn each<T>(&mut self, section: &Section, key: &str, parse: impl Fn(&str) -> Option<T>, known: &[&str]) -> Vec<T> {
        let mut values = Vec::new();
        for (text, place) in section.texts(key) {
            match parse(text) {
                Some(value) => values.push(value),
                None => {
                    let near = nearest(text, known.iter().copied());
                    let remedy = near
                        .map_or(format!("write one of {}", known.join(", ")), |near| format!("did you mean {near}?"));
                    self.notes.error(place, &section.at(key), format!("{text:?} is not known here"), remedy);
                }
            }
        }
        values
    }
}

/// Sentences like which the text must be.
fn like(section: &Section, notes: &mut Notes) -> Option<Like> {
    let examples = section.texts("examples");
    for (text, place) in examples.iter().filter(|(text, _)| text.chars().count() > LONGEST_EXAMPLE) {
        let message = format!("an example of {} characters is longer than what is compared", text.chars().count());
        notes.error(*place, &section.at("examples"), message, format!("keep to {LONGEST_EXAMPLE} characters"));
    }
    let threshold = section.decimal("similarity").map_or(NEAR, |near| near.to_f64());
    if !(0.0..=1.0).contains(&threshold) {
        let message = "a similarity is a number from 0 to 1";
        notes.error(section.place("similarity"), &section.at("similarity"), message, "write e.g. similarity: 0.5");
    }
    let examples: Vec<String> = examples.into_iter().map(|(text, _)| text.trim().to_owned()).collect();
    let examples: Vec<String> = examples.into_iter().filter(|text| !text.is_empty()).collect();
    (!examples.is_empty()).then(|| Like { examples, threshold: threshold as f32, ..Like::default() })
}

/// Boundaries in the incumbent's words, as shares: `{simple_medium: 0.15, medium_complex: 0.35, complex_reasoning: 0.6}`.
pub(super) fn tiers(node: Option<&Node>, path: &str, notes: &mut Notes) -> Tiers {
    const NAMES: [&str; 3] = ["simple_medium", "medium_complex", "complex_reasoning"];
    let mut tiers = Tiers::default();
    for (name, node) in entries(node) {
        let path = format!("{path}.{name}");
        let share = scalar(node).and_then(|scalar| scalar.decimal()).map(|share| share.to_f64());
        match (NAMES.iter().position(|known| *known == name), share.filter(|share| (0.0..=1.0).contains(share))) {
            (Some(index), Some(share)) => tiers.0[index] = (share * 100.0).round() as u8,
            (None, _) => {
                notes.warn(
                    node.place,
                    &path,
                    "unknown key: it has no effect",
                    format!("write one of {}", NAMES.join(", ")),
                );
            }
            (_, None) => {
                notes.error(node.place, &path, "a boundary is a number from 0 to 1", format!("write e.g. {name}: 0.35"))
            }
        }
    }
    if !tiers.0.is_sorted()
        && let Some(node) = node
    {
        notes.error(node.place, path, "the boundaries are not in order", "let each be at least the one before it");
    }
    tiers
}

pub(super) fn entries(node: Option<&Node>) -> impl Iterator<Item = (&str, &Node)> {
    let entries: &[(String, Node)] = match node.map(|node| &node.value) {
        Some(Value::Map(entries)) => entries,
        _ => &[],
    };
    entries.iter().map(|(name, node)| (name.as_str(), node))
}

pub(super) fn items(node: Option<&Node>) -> &[Node] {
    match node.map(|node| &node.value) {
        Some(Value::List(items)) => items,
        _ => &[],
    }
}
