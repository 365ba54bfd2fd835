//! Every metric of the incumbent is on the page, with the labels that the list says, or is left out for a reason; and the
//! documentation says which.

use std::collections::{BTreeMap, BTreeSet};

use super::scene::{eventful_page, read};

const LIST: &str = include_str!("incumbent.tsv");
/// Metrics of ours under names like the incumbent's, for who looks for them beside it.
const OURS: [&str; 2] = ["litellm_api_key_rate_limit_remaining_metric", "litellm_team_rate_limit_remaining_metric"];
/// Bounds of the incumbent's histograms, seconds.
const BOUNDS: [&str; 18] = [
    "0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2", "5", "10", "30", "60", "120", "300", "420",
    "600", "+Inf",
];

/// A metric of the list.
struct Row {
    kind: &'static str,
    name: &'static str,
    labels: BTreeSet<&'static str>,
    lacking: BTreeSet<&'static str>,
    left_out: Option<&'static str>,
}

fn rows() -> Vec<Row> {
    let rows = LIST.lines().filter(|line| !line.starts_with('#')).map(|line| {
        let mut parts = line.split('\t');
        let mut next = || parts.next().unwrap_or_default();
        let (kind, name, labels, lacking, why) = (next(), next(), next(), next(), next());
        let set = |labels: &'static str| labels.split_whitespace().collect();
        Row {
            kind,
            name,
            labels: set(labels),
            lacking: set(lacking),
            left_out: Some(why).filter(|why| !why.is_empty()),
        }
    });
    let rows: Vec<Row> = rows.collect();
    assert_eq!(rows.len(), 89, "the incumbent has as many");
    rows
}

#[tokio::test]
async fn every_metric_of_the_incumbent_is_there_with_its_labels_or_left_out_for_a_reason() {
    let page = eventful_page().await;
    let mut told = read(&page);
    let mut wrong = Vec::new();
    for Row { kind, name, labels, lacking, left_out } in rows() {
        match (told.remove(name), left_out) {
            (None, Some(_)) => {}
            (Some(_), Some(why)) => wrong.push(format!("{name} is there, though {why}")),
            (None, None) => wrong.push(format!("{name} is not there")),
            (Some((known, given, bounds)), None) => {
                let missing = BOUNDS.iter().any(|bound| !bounds.contains(bound));
                if kind != known || kind == "histogram" && missing {
                    wrong.push(format!("{name} is a {known} with the bounds {bounds:?}, not a {kind}"));
                }
                if labels != given || labels.intersection(&lacking).next().is_some() {
                    wrong.push(format!("{name} has the labels {given:?}, not {labels:?}"));
                }
            }
        }
    }
    let unknown = told.keys().filter(|name| name.starts_with("litellm_") && !OURS.contains(name));
    wrong.extend(unknown.map(|name| format!("{name} is none of the incumbent's")));
    assert!(wrong.is_empty(), "{}\n{page}", wrong.join("\n"));
}

#[test]
fn the_documentation_names_what_is_there_and_what_is_left_out_and_why() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/metrics.md");
    let text = std::fs::read_to_string(path).expect("there is a page");
    let section = |title: &str| {
        let (_, rest) = text.split_once(&format!("\n## {title}\n")).unwrap_or_else(|| panic!("no section {title}"));
        rest.split_once("\n## ").map_or(rest, |(section, _)| section).to_owned()
    };
    let names = |text: &str| -> BTreeSet<String> {
        let words = text.split('`').skip(1).step_by(2).filter(|word| word.starts_with("litellm_"));
        words.filter(|word| !word.contains('.')).map(str::to_owned).collect()
    };
    let is_there = rows().into_iter().filter(|row| row.left_out.is_none()).map(|row| row.name);
    let expected: BTreeSet<String> = is_there.chain(OURS).map(str::to_owned).collect();
    assert_eq!(names(&section("The incumbent's names")), expected);
    let mut reasons = BTreeMap::<&str, BTreeSet<String>>::new();
    for row in rows() {
        if let Some(why) = row.left_out {
            reasons.entry(why).or_default().insert(row.name.to_owned());
        }
    }
    let table = section("What is left out");
    let lines = table.lines().filter(|line| line.contains("`litellm_"));
    let told: BTreeMap<&str, BTreeSet<String>> =
        lines.filter_map(|line| Some((line.strip_prefix("| ")?.split(" | ").next()?, names(line)))).collect();
    assert_eq!(told, reasons);
}
