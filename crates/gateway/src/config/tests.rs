//! Whole configurations: what is found in broken ones, and what good ones mean.

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use engine::{Deployment, Group, Roll, Setup};
use proptest::prelude::*;

use super::added::Added;
use super::build::{World, load};
use super::{Copies, Loaded, Report, keys};

/// 2026-11-20.
const TODAY: Duration = Duration::from_secs(1_795_132_800);

/// An environment in which nothing is missing.
pub const ENV: &[(&str, &str)] = &[
    ("LITELLM_MASTER_KEY", "a-long-random-master-key"),
    ("OPENAI_API_KEY", "openai-key"),
    ("ANTHROPIC_API_KEY", "anthropic-key"),
    ("GEMINI_API_KEY", "gemini-key"),
];

/// Loads the first of `files`, as if all of them lay on disk.
pub fn load_files(files: &[(&str, &str)], env: &[(&str, &str)]) -> Loaded {
    load_all(files, env, &Added::default())
}

/// Loads a text together with what was added while running.
pub fn load_with(text: &str, env: &[(&str, &str)], added: &Added) -> Loaded {
    load_all(&[("config.yaml", text)], env, added)
}

fn load_all(files: &[(&str, &str)], env: &[(&str, &str)], added: &Added) -> Loaded {
    let files: HashMap<&str, &str> = files.iter().copied().collect();
    let root = if files.contains_key("config.yaml") { "config.yaml" } else { "main/config.yaml" };
    let read_file = |path: &Path| {
        let text = path.to_str().and_then(|path| files.get(path)).ok_or(io::ErrorKind::NotFound)?;
        Ok(text.as_bytes().to_vec())
    };
    let variables: HashMap<&str, &str> = env.iter().copied().collect();
    let read_env = |name: &str| variables.get(name).map(|value| (*value).to_owned());
    let copies = Copies::default();
    let roll = Roll::default();
    load(
        Path::new(root),
        &read_file,
        &World { env: &read_env, roll: &roll, now: UNIX_EPOCH + TODAY, copies: &copies, added },
    )
}

/// Loads a text in the usual environment.
pub fn load_text(text: &str) -> Loaded {
    load_files(&[("config.yaml", text)], ENV)
}

/// The setup of a text without errors.
pub fn setup(text: &str) -> Setup {
    let Loaded { setup, report, .. } = load_text(text);
    setup.unwrap_or_else(|| panic!("{report}"))
}

/// The only deployment of a text.
pub fn deployment(text: &str) -> Deployment {
    let setup = setup(text);
    let groups = setup.groups.values().chain(setup.patterns.iter().map(|pattern| &pattern.group));
    let all: Vec<_> = groups.flat_map(|group: &std::sync::Arc<Group>| &group.deployments).collect();
    assert_eq!(all.len(), 1);
    Deployment::clone(all[0])
}

/// Checks all findings of a text, in order.
pub fn check(text: &str, expected: &[&str]) {
    check_report(&load_text(text).report, expected);
}

/// Checks a report, line by line.
pub fn check_report(report: &Report, expected: &[&str]) {
    let report = report.to_string();
    let lines: Vec<&str> = report.lines().collect();
    assert_eq!(lines, expected, "\n{report}");
}

/// One deployment that nothing can be said against.
const GOOD: &str = "model_list: [{model_name: a, litellm_params: {model: openai/gpt-4o}}]\n";

#[test]
fn a_good_configuration_is_silent() {
    check(GOOD, &[]);
    check(&format!("# a comment\n---\n{GOOD}general_settings:\nrouter_settings: ~\n"), &[]);
}

#[test]
fn what_is_not_a_configuration_is_said_to_be_none() {
    check(
        "model_list: [",
        &["config.yaml:1:13: error: model_list: not YAML: unclosed bracket '['; check the indentation and the quotes"],
    );
    check(
        "just text",
        &["config.yaml:1:1: error: a configuration is a mapping of sections; begin with e.g. model_list:"],
    );
    check("model_list: none", &["config.yaml:1:1: error: model_list: expected a list, found \"none\""]);
    let loaded = load_files(&[("config.yaml", GOOD)], ENV);
    assert!(loaded.setup.is_some());
}

/// Twenty mistakes, one in each line that says so.
const TWENTY: &str = "model_list:
  - model_name: one
    litellm_params:
      model: opanai/gpt-4o # 1
      rpm: abc # 2
      drop_params: maybe # 3
      timeout: 0 # 4
  - model_name: two
    litellm_params:
      model: openai/gpt-4o
      weight: heavy # 5
      order: first # 6
      api_base: localhost:8000 # 7
      extra_body: text # 8
    model_info:
      input_cost_per_token: cheap # 9
      max_tokens: many # 10
      max_tokens: 5 # 11
  - litellm_params: {model: openai/gpt-4o} # 12
  - model_name: three # 13
router_settings:
  routing_strategy: magic # 14
  num_retries: -1 # 15
  fallbacks: two # 16
  cooldown_time: soon # 17
litellm_settings: # 18
  - drop_params
general_settings:
  master_key: os.environ/GONE # 19
  max_request_size_mb: big # 20
";

#[test]
fn all_mistakes_are_reported_at_once() {
    let report = load_text(TWENTY).report;
    let marked = TWENTY.lines().enumerate().filter(|(_, line)| line.contains('#'));
    let marked: Vec<u32> = marked.map(|(index, _)| index as u32 + 1).collect();
    let found: Vec<u32> = report.findings.iter().map(|finding| finding.line).collect();
    assert_eq!(found, marked, "\n{report}");
    assert_eq!(found.len(), 20);
}

const THREE_PROVIDERS: &str = include_str!("../../tests/it/samples/three-providers.yaml");
const HIGH_RELIABILITY: &str = include_str!("../../tests/it/samples/high-reliability.yaml");
const LOCAL_FIRST: &str = include_str!("../../tests/it/samples/local-first.yaml");

/// Loads a sample in a bare environment; checks the findings, and the deployments of each group.
fn check_sample(text: &str, expected: &[&str], groups: &[(&str, &[&str])]) -> Setup {
    let Loaded { setup, report, .. } = load_files(&[("config.yaml", text)], &[]);
    check_report(&report, expected);
    let setup = setup.unwrap();
    for (group, expected) in groups {
        let deployments = setup.groups[*group].deployments.iter();
        let called: Vec<_> = deployments.map(|one| format!("{} at {}", one.name, one.endpoint.url())).collect();
        assert_eq!(called, *expected, "{group}");
    }
    assert_eq!(setup.groups.len(), groups.len());
    setup
}

#[test]
fn the_tutorial_with_three_providers_loads_unchanged() {
    let warnings = [
        "config.yaml:1:1: warning: general_settings.master_key: there is no master key: anybody who reaches the port can \
         call; set it here or in LITELLM_MASTER_KEY",
        "config.yaml:6:7: warning: model_list[0].litellm_params.api_key: environment variable OPENAI_API_KEY is not set: \
         calls are sent without a key; export it, or remove the line",
        "config.yaml:10:7: warning: model_list[1].litellm_params.model: anthropic/claude-3-5-sonnet-20240620 is not in \
         the catalogue (misspelt, brand-new, or gone): its price and limits are not known; state input_cost_per_token \
         and output_cost_per_token in model_info",
        "config.yaml:11:7: warning: model_list[1].litellm_params.api_key: environment variable ANTHROPIC_API_KEY is not \
         set: calls are sent without a key; export it, or remove the line",
        "config.yaml:20:3: warning: router_settings.set_verbose: has no effect here (logs more): start with --debug; \
         remove it when you like",
    ];
    check_sample(
        THREE_PROVIDERS,
        &warnings,
        &[
            ("gpt-4o", &["openai/gpt-4o at https://api.openai.com/v1"]),
            ("claude-3-sonnet", &["anthropic/claude-3-5-sonnet-20240620 at https://api.anthropic.com"]),
            ("local-llama", &["ollama/llama3 at http://host.docker.internal:11434"]),
        ],
    );
}

#[test]
fn the_tutorial_with_one_alias_for_two_providers_loads_unchanged() {
    let warnings = [
        "config.yaml:1:1: warning: general_settings.master_key: there is no master key: anybody who reaches the port can \
         call; set it here or in LITELLM_MASTER_KEY",
        "config.yaml:5:7: warning: model_list[0].litellm_params.api_key: no key for OpenAI: its calls would be refused; \
         set OPENAI_API_KEY, or write api_key",
        "config.yaml:8:7: warning: model_list[1].litellm_params.api_key: no key for Anthropic: its calls would be \
         refused; set ANTHROPIC_API_KEY, or write api_key",
        "config.yaml:8:7: warning: model_list[1].litellm_params.model: anthropic/claude-3-5-sonnet-20240620 is not in \
         the catalogue (misspelt, brand-new, or gone): its price and limits are not known; state input_cost_per_token \
         and output_cost_per_token in model_info",
        "config.yaml:12:3: warning: router_settings.enable_fallbacks: has no effect here (fallbacks): fallbacks are \
         always on; `fallbacks` says which; remove it when you like",
    ];
    check_sample(
        HIGH_RELIABILITY,
        &warnings,
        &[(
            "high-reliability-model",
            &[
                "openai/gpt-4o at https://api.openai.com/v1",
                "anthropic/claude-3-5-sonnet-20240620 at https://api.anthropic.com",
            ],
        )],
    );
}

#[test]
fn the_guide_to_a_local_first_gateway_loads_unchanged() {
    let warnings = [
        "config.yaml:25:7: warning: model_list[3].litellm_params.api_key: environment variable OPENAI_API_KEY is not \
         set: calls are sent without a key; export it, or remove the line",
        "config.yaml:29:7: warning: model_list[4].litellm_params.model: anthropic/claude-3-5-sonnet-20241022 is not in \
         the catalogue (misspelt, brand-new, or gone): its price and limits are not known; state input_cost_per_token \
         and output_cost_per_token in model_info",
        "config.yaml:30:7: warning: model_list[4].litellm_params.api_key: environment variable ANTHROPIC_API_KEY is not \
         set: calls are sent without a key; export it, or remove the line",
        "config.yaml:37:5: warning: litellm_settings.cache_params.type: no Redis is named, neither here nor in the \
         environment: answers are kept in memory alone; write e.g. host: redis, or set REDIS_URL or REDIS_HOST",
        "config.yaml:41:3: warning: general_settings.master_key: the master key is a well-known example: whoever tries \
         it may do everything; use a long random text, e.g. from: openssl rand -hex 24",
        "config.yaml:42:3: warning: general_settings.database_url: environment variable DATABASE_URL is not set: \
         keys and spend are kept in a SQLite file; export it, or remove the line",
    ];
    let setup = check_sample(
        LOCAL_FIRST,
        &warnings,
        &[
            ("qwen3-local", &["ollama/qwen3:14b at http://localhost:11434"]),
            ("qwen3-moe-local", &["ollama/qwen3:30b-a3b at http://localhost:11434"]),
            ("llama3-local", &["ollama/llama3.1:8b at http://localhost:11434"]),
            ("gpt-4o-mini", &["openai/gpt-4o-mini at https://api.openai.com/v1"]),
            ("claude-sonnet", &["anthropic/claude-3-5-sonnet-20241022 at https://api.anthropic.com"]),
        ],
    );
    assert_eq!(setup.rules.fallbacks["qwen3-local"], ["gpt-4o-mini", "claude-sonnet"]);
    assert_eq!(setup.access.master_key.unwrap().expose(), "sk-your-master-key");
    let local = &setup.groups["qwen3-local"].deployments[0];
    assert!(local.drop_params && local.member.rpm == 30.0);
}

#[test]
fn health_outlives_a_reload() {
    let (roll, env) = (Roll::default(), |_: &str| None);
    let world = World { env: &env, roll: &roll, now: UNIX_EPOCH, copies: &Copies::default(), added: &Added::default() };
    let again = || load(Path::new("c"), &|_: &Path| Ok(GOOD.as_bytes().to_vec()), &world).setup.unwrap();
    let health = |setup: &Setup| setup.groups["a"].deployments[0].health.clone();
    assert!(std::sync::Arc::ptr_eq(&health(&again()), &health(&again())));
}

/// Any value, written in flow style, with keys that mean something here and there.
fn value() -> impl Strategy<Value = String> {
    let keys: Vec<&'static str> = keys::PARAMS.names().chain(keys::ROUTER.names()).chain(keys::MODEL.names()).collect();
    let words = [
        "openai/gpt-4o",
        "*",
        "openai/*",
        "a",
        "-1",
        "1e400",
        "0x",
        "os.environ/X",
        "os.environ/",
        "''",
        "~",
        "http://",
        "é",
    ];
    let scalar = prop_oneof![prop::sample::select(words.to_vec()).prop_map(str::to_owned), "[a-z0-9:/.*-]{0,8}"];
    scalar.prop_recursive(4, 40, 5, move |inner| {
        let key = prop_oneof![prop::sample::select(keys.clone()).prop_map(str::to_owned), "[a-z*]{1,4}"];
        let list = prop::collection::vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(", ")));
        let map = prop::collection::vec((key, inner), 0..5).prop_map(|entries| {
            let entries: Vec<_> = entries.into_iter().map(|(key, value)| format!("'{key}': {value}")).collect();
            format!("{{{}}}", entries.join(", "))
        });
        prop_oneof![list, map]
    })
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "[a-z0-9:\\-\\[\\]{}&*!|>'\"%@#,. \n\t~<\u{feff}é]{0,200}") {
        load_text(&text);
    }

    #[test]
    fn no_values_make_it_panic(models in prop::collection::vec(value(), 0..4), router in value(), library in value(), general in value()) {
        let text = format!(
            "model_list: [{}]\nrouter_settings: {router}\nlitellm_settings: {library}\ngeneral_settings: {general}\n\
             credential_list: {router}\nenvironment_variables: {general}\ninclude: {library}\n",
            models.join(", "),
        );
        load_text(&text);
    }

    #[test]
    fn no_slip_in_a_file_makes_it_panic(at in 0usize..1000, length in 0usize..20, put in "[a-z:\\-\\[{&*!'\"# \n]{0,5}") {
        for text in [TWENTY, LOCAL_FIRST] {
            let mut text: Vec<char> = text.chars().collect();
            let at = at.min(text.len());
            let end = (at + length).min(text.len());
            text.splice(at..end, put.chars());
            load_text(&text.into_iter().collect::<String>());
        }
    }
}
