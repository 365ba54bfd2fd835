//! What becomes of calls that are too long: `router_settings.context_truncation`, for all groups or by group.

use std::collections::HashMap;

use policy::nearest;
use policy::window::Truncation;

use super::report::Notes;
use super::section::{Section, scalar};
use super::tree::{Node, Value};

const NAME: &str = "context_truncation";
/// Stands for every group that is not named.
const ALL: &str = "*";

/// The rules by group.
pub fn read(router: &Section, notes: &mut Notes) -> HashMap<String, Truncation> {
    let (node, path) = (router.node(NAME), router.at(NAME));
    let entries: Vec<(&str, String, &Node)> = match node.map(|node| (node, &node.value)) {
        None => return HashMap::new(),
        Some((_, Value::Map(entries))) => {
            entries.iter().map(|(group, node)| (group.as_str(), format!("{path}.{group}"), node)).collect()
        }
        Some((node, _)) => vec![(ALL, path, node)],
    };
    let rules =
        entries.into_iter().filter_map(|(group, path, node)| Some((group.to_owned(), one(node, &path, notes)?)));
    rules.collect()
}

fn one(node: &Node, path: &str, notes: &mut Notes) -> Option<Truncation> {
    let name = scalar(node).map(|scalar| scalar.text.trim().to_owned()).unwrap_or_default();
    let rule = Truncation::parse(&name);
    if rule.is_none() {
        let known = Truncation::ALL.map(Truncation::name);
        let remedy = match nearest(&name, known) {
            Some(near) => format!("did you mean {near}?"),
            None => format!("write one of {}", known.join(", ")),
        };
        notes.error(node.place, path, format!("{name:?} is no rule for calls that are too long"), remedy);
    }
    rule
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check, load_text};
    use super::*;

    const GOOD: &str = "model_list: [{model_name: a, litellm_params: {model: openai/gpt-4o}}]\nrouter_settings:\n";

    #[test]
    fn a_rule_holds_for_all_groups_or_for_one() {
        let of = |text: &str, group: &str| {
            let loaded = load_text(&format!("{GOOD}  context_truncation: {text}\n"));
            assert!(loaded.report.findings.is_empty(), "{}", loaded.report);
            loaded.setup.expect("it has no errors").rules.truncation_of(group)
        };
        assert_eq!(of("middle_out", "a"), Truncation::MiddleOut);
        assert_eq!(of("{a: drop_oldest}", "a"), Truncation::DropOldest);
        assert_eq!(of("{a: drop_oldest}", "b"), Truncation::Refuse);
        assert_eq!(of("{a: refuse, '*': keep_last}", "b"), Truncation::KeepLast);
    }

    #[test]
    fn a_rule_that_nobody_knows_is_an_error() {
        check(
            &format!("{GOOD}  context_truncation: {{a: drop_oldst, b: [1]}}\n"),
            &[
                "config.yaml:3:24: error: router_settings.context_truncation.a: \"drop_oldst\" is no rule for calls that \
                 are too long; did you mean drop_oldest?",
                "config.yaml:3:39: error: router_settings.context_truncation.b: \"\" is no rule for calls that are too \
                 long; write one of refuse, drop_oldest, keep_last, middle_out",
            ],
        );
    }
}
