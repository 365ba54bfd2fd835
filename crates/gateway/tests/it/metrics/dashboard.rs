//! `deploy/grafana.json` asks for metrics and labels that there are.

use std::collections::BTreeSet;

use serde_json::Value;

use super::scene::{eventful_page, read};

/// A query, and what its lines are called.
struct Query {
    text: String,
    legend: String,
}

/// All queries within a dashboard.
fn collect(value: &Value, queries: &mut Vec<Query>) {
    match value {
        Value::Object(fields) => {
            let text = |name: &str| fields.get(name).and_then(Value::as_str).map(str::to_owned);
            let legend = text("legendFormat").unwrap_or_default();
            queries.extend(text("expr").map(|text| Query { text, legend }));
            fields.values().for_each(|value| collect(value, queries));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, queries)),
        _ => {}
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

/// What stands between these, everywhere in a text.
fn between<'a>(text: &'a str, opening: &'a str, closing: &'a str) -> impl Iterator<Item = &'a str> {
    text.split(opening).skip(1).filter_map(move |rest| Some(rest.split_once(closing)?.0))
}

/// Labels that a query names: those it adds up by, those it asks for, and those its lines are called by.
fn labels(query: &Query) -> BTreeSet<&str> {
    let grouped = between(&query.text, "by (", ")").flat_map(words);
    let asked = between(&query.text, "{", "}").flat_map(|asked| asked.split(','));
    let asked = asked.filter_map(|one| words(one).next());
    grouped.chain(asked).chain(between(&query.legend, "{{", "}}").flat_map(words)).collect()
}

#[tokio::test]
async fn the_dashboard_asks_for_metrics_and_labels_that_there_are() {
    let page = eventful_page().await;
    let told = read(&page);
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/grafana.json");
    let dashboard = std::fs::read_to_string(path).expect("there is a dashboard");
    let mut queries = Vec::new();
    collect(&serde_json::from_str(&dashboard).expect("it is JSON"), &mut queries);
    assert!(queries.len() > 25, "{}", queries.len());
    for query in &queries {
        let labels = labels(query);
        let is_ours = |word: &&str| word.starts_with("litellm_") || word.starts_with("lockgate_");
        let names: Vec<&str> = words(&query.text).filter(is_ours).filter(|word| !labels.contains(word)).collect();
        assert!(!names.is_empty(), "{}", query.text);
        for name in names {
            let parts = ["_bucket", "_sum", "_count"].iter().find_map(|part| name.strip_suffix(part));
            let known = parts.and_then(|base| told.get(base)).or_else(|| told.get(name));
            let Some((kind, given, _)) = known else { panic!("nobody tells {name}: {}", query.text) };
            for label in &labels {
                let is_there = given.contains(label) || *label == "le" && *kind == "histogram";
                assert!(is_there, "{name} has no label {label}: {} {}", query.text, query.legend);
            }
        }
    }
}
