//! How the health of deployments is looked after: `general_settings` for all of them, `model_info` for each.

use std::time::Duration;

use serde_json::{Map, Value};

use super::section::Section;

/// How often deployments are looked at, unless somebody says otherwise.
const INTERVAL: Duration = Duration::from_secs(300);
/// Shortest time between two looks.
const SHORTEST: Duration = Duration::from_secs(1);
/// Looks at a time, unless somebody says otherwise.
const CONCURRENCY: usize = 10;
/// Most looks at a time.
const MOST: usize = 100;
/// How long a look may take, unless somebody says otherwise.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The same of one that has the model answer.
const PATIENCE: Duration = Duration::from_secs(60);
/// How many tokens such an answer may have.
const ANSWER: u64 = 16;

/// What holds for all deployments.
#[derive(Clone, Debug, PartialEq)]
pub struct HealthRules {
    /// Whether they are looked at now and then, without anybody asking.
    pub background: bool,
    /// How often.
    pub interval: Duration,
    /// How many at a time.
    pub concurrency: usize,
    /// The groups that are looked at; all, if none is named.
    pub groups: Vec<String>,
    /// Whether one that is found ill gets no calls until it is found well.
    pub routing: bool,
    /// Whether `/health` tells more than names.
    pub details: bool,
}

impl Default for HealthRules {
    fn default() -> Self {
        let (background, routing, groups) = Default::default();
        HealthRules { background, interval: INTERVAL, concurrency: CONCURRENCY, groups, routing, details: true }
    }
}

impl HealthRules {
    /// From `general_settings`.
    pub fn read(general: &Section) -> Self {
        let usual = HealthRules::default();
        let concurrency = general.count("health_check_concurrency").map(|count| count.clamp(1, MOST as u64) as usize);
        HealthRules {
            background: general.flag("background_health_checks").unwrap_or(usual.background),
            interval: general.seconds("health_check_interval").unwrap_or(usual.interval).max(SHORTEST),
            concurrency: concurrency.unwrap_or(usual.concurrency),
            groups: general
                .texts("background_health_check_model_groups")
                .into_iter()
                .map(|(group, _)| group.to_owned())
                .collect(),
            routing: general.flag("enable_health_check_routing").unwrap_or(usual.routing),
            details: general.flag("health_check_details").unwrap_or(usual.details),
        }
    }
}

/// How one deployment is looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct Look {
    /// By what means.
    pub means: Means,
    /// Whether it is left alone unless somebody asks.
    pub on_request: bool,
    /// How long it may take.
    pub timeout: Duration,
}

/// By what means a deployment is looked at.
#[derive(Clone, Debug, PartialEq)]
pub enum Means {
    /// The provider's list of models: it costs nothing, and loads no model.
    Listing,
    /// An answer of the model, which costs what an answer costs.
    Answer {
        /// The model that is asked, if it is not the deployment's own.
        model: Option<String>,
        /// Most tokens of the answer.
        max_tokens: u64,
    },
}

impl Look {
    /// From `model_info`: the model answers only where one of the keys that are about its answer is set.
    pub fn of(info: &Map<String, Value>) -> Self {
        let text = |name: &str| info.get(name).and_then(Value::as_str);
        let (model, max_tokens) = (text("health_check_model"), info.get("health_check_max_tokens"));
        let answers = text("health_check") == Some("completion") || model.is_some() || max_tokens.is_some();
        let means = match answers && text("health_check") != Some("listing") {
            true => Means::Answer {
                model: model.map(str::to_owned),
                max_tokens: max_tokens.and_then(Value::as_u64).unwrap_or(ANSWER).max(1),
            },
            false => Means::Listing,
        };
        let usual = if means == Means::Listing { TIMEOUT } else { PATIENCE };
        let timeout = info.get("health_check_timeout").and_then(Value::as_f64);
        let timeout = timeout.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        Look {
            means,
            on_request: info.get("disable_background_health_check") == Some(&Value::Bool(true)),
            timeout: timeout.filter(|timeout| !timeout.is_zero()).unwrap_or(usual),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::load_text;
    use super::*;

    fn look(info: Value) -> Look {
        Look::of(info.as_object().unwrap())
    }

    #[test]
    fn a_model_answers_only_where_somebody_wants_it_to() {
        assert_eq!(look(json!({})).means, Means::Listing);
        assert_eq!(look(json!({ "health_check_timeout": 3, "mode": "chat" })).means, Means::Listing);
        let answer = |model: Option<&str>, max_tokens| Means::Answer { model: model.map(str::to_owned), max_tokens };
        assert_eq!(look(json!({ "health_check": "completion" })).means, answer(None, ANSWER));
        assert_eq!(look(json!({ "health_check_max_tokens": 5 })).means, answer(None, 5));
        assert_eq!(look(json!({ "health_check_model": "openai/a" })).means, answer(Some("openai/a"), ANSWER));
        assert_eq!(look(json!({ "health_check_model": "a", "health_check": "listing" })).means, Means::Listing);
        assert_eq!(look(json!({ "health_check_timeout": 3 })).timeout, Duration::from_secs(3));
        assert!(look(json!({ "disable_background_health_check": true })).on_request);
    }

    #[test]
    fn the_incumbents_keys_say_how_often_and_whom() {
        let text = "model_list: [{model_name: a, litellm_params: {model: openai/gpt-4o}, model_info: {health_check_timeout: 2}}]\n\
                    general_settings: {background_health_checks: true, health_check_interval: 20, \
                    background_health_check_model_groups: [a], health_check_concurrency: 900, health_check_details: false}\n";
        let loaded = load_text(text);
        assert!(!loaded.report.to_string().contains("health"), "{}", loaded.report);
        let rules = loaded.management.health;
        assert_eq!((rules.background, rules.interval, rules.concurrency), (true, Duration::from_secs(20), MOST));
        assert_eq!((rules.groups, rules.details, rules.routing), (vec!["a".to_owned()], false, false));
    }
}
