use std::collections::HashSet;

use super::*;

const TABLES: [&Table; 20] = [
    &TOP,
    &MODEL,
    &PARAMS,
    &MARKER,
    &MODEL_INFO,
    &HARDWARE,
    &CREDENTIAL,
    &ROUTER,
    &RETRY_POLICY,
    &RETRY_BUDGET,
    &ALLOWED_FAILS,
    &ALIAS,
    &ROUTER_ENTRY,
    &ROUTE_RULE,
    &ROUTE_WHEN,
    &LIBRARY,
    &MARGIN,
    &DEFAULT_PRICE,
    &GENERAL,
    &LOOP_BREAKER,
];

#[test]
fn a_key_has_one_row_and_every_row_says_what_it_is_for() {
    for table in TABLES {
        let mut seen = HashSet::new();
        for key in table.rows() {
            assert!(seen.insert(key.name), "{} twice in {}", key.name, table.name);
            assert!(!key.doc.is_empty() && !key.doc.ends_with('.'), "{}", key.name);
            assert!(key.name.matches('*').count() <= 2, "{}", key.name);
        }
    }
}

#[test]
fn only_keys_without_effect_have_a_star() {
    for key in TABLES.iter().flat_map(|table| table.rows()).filter(|key| key.name.contains('*')) {
        assert!(key.state != State::Honoured, "{}", key.name);
    }
}

#[test]
fn names_with_a_star_fit_what_they_should() {
    let check = |name: &str, expected: Option<&str>| {
        assert_eq!(PARAMS.find(name).map(|key| key.name), expected, "{name}");
    };
    check("aws_other", Some("aws_*"));
    check("input_cost_per_token", Some("input_cost_per_token"));
    check("output_cost_per_second_1080p", Some("*cost_per_*"));
    check("cache_read_input_token_cost_above_200k_tokens", Some("*_token_cost_*"));
    check("cache_creation_input_audio_token_cost", Some("*_token_cost"));
    check("temprature", None);
    check("model", Some("model"));
}

#[test]
fn settings_in_the_wrong_section_are_recognised() {
    let home = |name: &str| table_of(name).map(|table| table.name);
    assert_eq!(home("master_key"), Some("general_settings"));
    assert_eq!(home("drop_params"), Some("litellm_settings"));
    assert_eq!(home("fallbacks"), Some("router_settings"));
    assert_eq!(home("nonsense"), None);
}
