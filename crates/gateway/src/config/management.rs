//! What the operator says about the management API: who may make keys, and what new ones get.

use serde_json::{Map, Value};

use policy::Network;

use super::alerts::Alerts;
use super::api_docs::ApiDocs;
use super::doorway;
use super::health::HealthRules;
use super::report::Notes;
use super::section::Section;
use super::sign_in::SignIn;
use super::sinks::Sinks;
use super::tree::Node;
use crate::seal::Seal;

/// Settings of the management API.
#[derive(Clone, Debug, Default)]
pub struct Management {
    /// What secrets are sealed with before they are kept; `None` if there is no key to do so.
    pub seal: Option<Seal>,
    /// New keys.
    pub keys: KeyRules,
    /// New users.
    pub users: UserRules,
    /// What a team gets where nothing else is asked for (`default_team_params`).
    pub team_defaults: Map<String, Value>,
    /// Who is told about budgets.
    pub alerts: Alerts,
    /// Who is told of calls.
    pub sinks: Sinks,
    /// How the health of deployments is looked after.
    pub health: HealthRules,
    /// Who may see the metrics.
    pub metrics: MetricsRules,
    /// How people sign in to the admin UI.
    pub sign_in: SignIn,
    /// What is shown of the API.
    pub api_docs: ApiDocs,
    /// Hosts that models of teams may call beside those of the providers (`provider_url_destination_allowed_hosts`).
    pub team_hosts: Vec<String>,
}

/// Who may see the metrics beside administrators.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MetricsRules {
    /// Whether anybody may (`require_auth_for_metrics_endpoint: false`).
    pub open: bool,
    /// Addresses that may (`metrics_allowed_ips`).
    pub allowed: Vec<Network>,
}

/// Rules for new users.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UserRules {
    /// What a user gets where nothing else is asked for (`default_internal_user_params`, `max_internal_user_budget`).
    pub defaults: Map<String, Value>,
    /// Teams that anybody may join.
    pub open_teams: Vec<String>,
}

/// Rules for new keys.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KeyRules {
    /// What a key gets where nothing else is asked for (`default_key_generate_params`).
    pub defaults: Map<String, Value>,
    /// What a key may get at most (`upperbound_key_generate_params`).
    pub bounds: Map<String, Value>,
    /// Keys that a team pays for.
    pub team: KeyScope,
    /// Keys without a team.
    pub personal: KeyScope,
    /// Whether keys are always made up by the gateway (`disable_custom_api_keys`).
    pub no_custom_keys: bool,
    /// Whether admins of organizations make none (`disable_key_generate_for_org_admin`).
    pub no_keys_of_org_admins: bool,
    /// Whether every key needs a team (`default_team_disabled`).
    pub no_personal_keys: bool,
}

/// Rules for some of the keys: a part of `key_generation_settings`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KeyScope {
    /// Roles that may make them; everybody's, if nothing is said.
    pub roles: Option<Vec<String>>,
    /// Fields that must be given.
    pub required: Vec<String>,
}

impl Management {
    /// From `general_settings` and `litellm_settings`.
    pub fn read(general: &Section, library: &Section, notes: &mut Notes) -> Self {
        let map = |name: &str| library.node(name).and_then(object).unwrap_or_default();
        let scopes = map("key_generation_settings");
        let flag = |name: &str| general.flag(name).unwrap_or(false);
        let hosts = library.texts("provider_url_destination_allowed_hosts");
        Management {
            seal: None,
            sign_in: SignIn::default(),
            api_docs: ApiDocs::default(),
            alerts: Alerts::default(),
            sinks: Sinks::default(),
            health: HealthRules::read(general),
            users: UserRules::read(library, map("default_internal_user_params")),
            metrics: MetricsRules {
                open: library.flag("require_auth_for_metrics_endpoint") == Some(false),
                allowed: doorway::networks(general, "metrics_allowed_ips", notes),
            },
            team_defaults: map("default_team_params"),
            team_hosts: hosts.into_iter().map(|(host, _)| host.to_owned()).collect(),
            keys: KeyRules {
                defaults: map("default_key_generate_params"),
                bounds: map("upperbound_key_generate_params"),
                team: KeyScope::read(scopes.get("team_key_generation"), "allowed_team_member_roles"),
                personal: KeyScope::read(scopes.get("personal_key_generation"), "allowed_user_roles"),
                no_custom_keys: flag("disable_custom_api_keys"),
                no_keys_of_org_admins: flag("disable_key_generate_for_org_admin"),
                no_personal_keys: flag("default_team_disabled"),
            },
        }
    }
}

impl UserRules {
    fn read(library: &Section, mut defaults: Map<String, Value>) -> Self {
        let texts = |value: Value| match value {
            Value::Array(list) => list.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect(),
            _ => Vec::new(),
        };
        let open_teams = defaults.remove("available_teams").map(texts).unwrap_or_default();
        for (key, name) in
            [("max_internal_user_budget", "max_budget"), ("internal_user_budget_duration", "budget_duration")]
        {
            if let Some(value) = library.node(key).and_then(|node| serde_json::from_str(&node.json()).ok()) {
                defaults.entry(name).or_insert(value);
            }
        }
        UserRules { defaults, open_teams }
    }
}

impl KeyScope {
    fn read(value: Option<&Value>, roles: &str) -> Self {
        let texts = |name: &str| {
            let list = value?.get(name)?.as_array()?;
            Some(list.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect::<Vec<_>>())
        };
        KeyScope { roles: texts(roles), required: texts("required_params").unwrap_or_default() }
    }
}

fn object(node: &Node) -> Option<Map<String, Value>> {
    serde_json::from_str(&node.json()).ok()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check, load_text};

    const GOOD: &str = "model_list: [{model_name: a, litellm_params: {model: openai/gpt-4o}}]\nlitellm_settings:\n";

    #[test]
    fn rules_for_new_keys_users_and_teams_are_read() {
        let text = format!(
            "{GOOD}  default_key_generate_params: {{max_budget: 5, models: [a], duration: 30d}}\n  \
             upperbound_key_generate_params: {{max_budget: 100}}\n  key_generation_settings:\n    \
             team_key_generation: {{allowed_team_member_roles: [admin], required_params: [tags]}}\n  \
             max_internal_user_budget: 9\n  default_internal_user_params: {{available_teams: [t]}}\n"
        );
        let loaded = load_text(&text);
        assert!(loaded.report.findings.is_empty(), "{}", loaded.report);
        let rules = loaded.management;
        assert_eq!((&rules.keys.defaults["max_budget"], &rules.keys.bounds["max_budget"]), (&5.into(), &100.into()));
        assert_eq!(rules.keys.team.roles.as_deref(), Some(&["admin".to_owned()][..]));
        assert_eq!((rules.keys.team.required.len(), rules.keys.personal.roles.is_none()), (1, true));
        assert_eq!((&rules.users.defaults["max_budget"], rules.users.open_teams.len()), (&9.into(), 1));
        assert!(!rules.users.defaults.contains_key("available_teams"));
    }

    #[test]
    fn what_no_key_can_have_is_an_error() {
        check(
            &format!("{GOOD}  default_key_generate_params: {{max_budget: lots}}\n"),
            &[
                "config.yaml:3:3: error: litellm_settings.default_key_generate_params: max_budget: Input should be a valid \
               number, unable to parse string as a number; see docs/keys.md",
            ],
        );
        check(
            &format!("{GOOD}  upperbound_key_generate_params: {{duration: soon}}\n"),
            &[
                "config.yaml:3:3: error: litellm_settings.upperbound_key_generate_params: duration must be a number with s, \
               m, h, d, w or mo behind it, such as 30d. Received: soon; see docs/keys.md",
            ],
        );
    }
}
