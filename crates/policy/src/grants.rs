//! Which models somebody may call, from lists as operators write them.

/// Words that stand for all models.
const EVERYTHING: [&str; 2] = ["*", "all-proxy-models"];
/// The word that stands for the team's models.
const TEAM_MODELS: &str = "all-team-models";

/// Whether a list of models allows `model`. An empty list allows everything, a name with a `*` all names that fit,
/// and words such as `no-default-models`, which name no model, nothing.
pub fn allows(list: &[String], model: &str) -> bool {
    list.is_empty() || list.iter().any(|item| EVERYTHING.contains(&item.as_str()) || fits(item, model))
}

/// As [`allows`], for the list of a key. In a team it may say that it has the team's models; what the team allows is
/// asked apart from this.
pub fn key_allows(list: &[String], model: &str, in_team: bool) -> bool {
    in_team && list.iter().any(|item| item == TEAM_MODELS) || allows(list, model)
}

/// Whether a list names one of the access groups that a model is in.
pub fn name_group(list: &[String], groups: &[String]) -> bool {
    groups.iter().any(|group| list.contains(group))
}

fn fits(item: &str, model: &str) -> bool {
    match item.split_once('*') {
        Some((before, after)) => {
            model.len() > before.len() + after.len() && model.starts_with(before) && model.ends_with(after)
        }
        None => item == model,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(list: &[&str], model: &str, expected: bool) {
        let list: Vec<String> = list.iter().map(|item| (*item).to_owned()).collect();
        assert_eq!(allows(&list, model), expected, "{list:?} and {model}");
    }

    #[test]
    fn lists_mean_what_operators_mean() {
        check(&[], "gpt-4o", true);
        check(&["gpt-4o"], "gpt-4o", true);
        check(&["gpt-4o"], "gpt-4o-mini", false);
        check(&["*"], "gpt-4o", true);
        check(&["all-proxy-models"], "gpt-4o", true);
        check(&["openai/*"], "openai/gpt-4o", true);
        check(&["openai/*"], "openai/", false);
        check(&["openai/*"], "azure/gpt-4o", false);
        check(&["*-mini"], "gpt-4o-mini", true);
        check(&["no-default-models"], "gpt-4o", false);
    }

    #[test]
    fn a_key_may_have_its_teams_models() {
        let teams = ["all-team-models".to_owned()];
        assert!(key_allows(&teams, "gpt-4o", true));
        assert!(!key_allows(&teams, "gpt-4o", false), "without a team there are none");
        assert!(key_allows(&[], "gpt-4o", true));
        assert!(!key_allows(&["other".to_owned()], "gpt-4o", true));
    }
}
