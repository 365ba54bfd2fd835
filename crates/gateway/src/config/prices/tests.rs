use std::path::Path;

use policy::catalogue::Kind;
use policy::price::{Bill, Markup, Origin};
use types::Usage;

use super::*;
use crate::config::tests::{ENV, check, check_report, deployment, load_files, setup};

fn entry(params: &str, info: &str) -> String {
    format!("model_list: [{{model_name: a, litellm_params: {{api_key: k, {params}}}, model_info: {{{info}}}}}]\n")
}

/// The price of a token of a kind, in picodollars.
fn price(text: &str, kind: Kind) -> Option<u64> {
    deployment(text).tariff("").list.base.price(kind)
}

#[test]
fn prices_come_from_params_over_info_over_the_catalogue() {
    let listed = "model: openai/gpt-4o";
    assert_eq!(price(&entry(listed, ""), Kind::CacheRead), Some(1_250_000));
    let both = entry(
        "model: openai/gpt-4o, input_cost_per_token: 2e-6",
        "input_cost_per_token: 9e-6, output_cost_per_token: 7e-6, cache_read_input_token_cost: 5e-7",
    );
    let prices = [Kind::Input, Kind::Output, Kind::CacheRead].map(|kind| price(&both, kind));
    assert_eq!(prices, [2_000_000, 7_000_000, 500_000].map(Some));
    // A price of one's own speaks for cached input too, unless that has one of its own.
    assert_eq!(price(&entry("model: openai/gpt-4o, input_cost_per_token: 2e-6", ""), Kind::CacheRead), Some(2_000_000));
    assert_eq!(deployment(&both).tariff("").origin, Origin::Stated);
}

#[test]
fn every_field_of_a_map_counts_in_a_deployment() {
    let text = entry(
        "model: openai/own, output_cost_per_token_priority: 9e-6, cache_read_input_token_cost_above_200k_tokens: 1e-9",
        "input_cost_per_token: 1e-6, output_cost_per_token: 4e-6, tiered_pricing: [{range: [128000, 200000], \
         input_cost_per_token: 2e-6}]",
    );
    let tariff = deployment(&text).tariff("");
    let rates = |service, tokens| tariff.list.rates(service, tokens, false);
    assert_eq!(rates(Some("priority"), 1).price(Kind::Output), Some(9_000_000));
    assert_eq!(rates(None, 128_001).price(Kind::Input), Some(2_000_000));
    assert_eq!(rates(None, 200_001).price(Kind::CacheRead), Some(1_000));
    assert_eq!(deployment(&text).defaults, [], "nothing of it is sent to the provider");
}

#[test]
fn mistakes_in_prices_are_named() {
    check(
        &entry("model: openai/gpt-4o, output_cost_per_token_flex: cheap", "tiered_pricing: [5], ocr_cost_per_page: 1"),
        &[
            "config.yaml:1:81: error: model_list[0].litellm_params.output_cost_per_token_flex: expected a price in \
             dollars; docs/prices.md shows how it is written",
            "config.yaml:1:130: error: model_list[0].model_info.tiered_pricing: expected a list of tiers, each with a range \
             and prices; docs/prices.md shows how it is written",
            "config.yaml:1:151: warning: model_list[0].model_info.ocr_cost_per_page: nothing is charged by this price here; \
             docs/prices.md lists those that count",
        ],
    );
}

#[test]
fn a_wildcard_has_the_price_of_the_model_that_is_named() {
    let wild = deployment(
        "model_list: [{model_name: 'x/*', litellm_params: {model: openai/*, api_key: k}, \
         model_info: {cache_read_input_token_cost: 3e-6}}]",
    );
    let rates = |model: &str| wild.tariff(model).list.base;
    assert_eq!(
        (rates("gpt-4o").stated(Kind::Input), rates("gpt-4o-mini").stated(Kind::Input)),
        (Some(2_500_000), Some(150_000))
    );
    assert_eq!(rates("gpt-4o").stated(Kind::CacheRead), Some(3_000_000));
    assert_eq!(rates("nobody-knows").stated(Kind::Input), None);
}

#[test]
fn the_price_of_a_call_is_known_by_group_and_by_upstream_model() {
    let setup = setup(
        "model_list:
- {model_name: a, litellm_params: {model: openai/own, input_cost_per_token: 1e-6, output_cost_per_token: 2e-6}}
- {model_name: 'x/*', litellm_params: {model: openai/*}}
",
    );
    let usage = Usage { input: Some(1000), output: Some(100), ..Usage::default() };
    let cost = |name: &str| setup.cost(name, &usage, &Bill::default()).map(|cost| cost.total.to_string());
    assert_eq!(
        (cost("a"), cost("own"), cost("openai/own")),
        (Some("0.0012".into()), Some("0.0012".into()), Some("0.0012".into()))
    );
    assert_eq!(cost("x/gpt-4o").as_deref(), Some("0.0035"));
    assert_eq!((cost("x/nobody-knows"), cost("nothing")), (None, None));
}

#[test]
fn a_base_model_and_a_region_choose_the_price() {
    let tariff = |params: &str, info: &str| deployment(&entry(params, info)).tariff("");
    assert_eq!(tariff("model: openai/own", "base_model: gpt-4o").list.base.stated(Kind::Input), Some(2_500_000));
    assert_eq!(tariff("model: openai/gpt-5.6", "").region, None);
    assert_eq!(
        tariff("model: openai/gpt-5.6, api_base: 'https://eu.api.openai.com/v1'", "").region.as_deref(),
        Some("eu")
    );
    assert_eq!(tariff("model: openai/gpt-5.6, region_name: us-east-1", "").region.as_deref(), Some("us-east-1"));
}

#[test]
fn discounts_and_margins_are_by_provider_or_for_everybody() {
    let markup = |model: &str| {
        let settings = "litellm_settings: {cost_discount_config: {openai: 0.05}, cost_margin_config: {global: 0.1, \
                        anthropic: {percentage: 0.08, fixed_amount: 0.0005}}}";
        deployment(&format!("{}{settings}", entry(&format!("model: {model}"), ""))).tariff("").markup
    };
    let expected = |discount_ppm, margin_ppm, margin_picousd| Markup { discount_ppm, margin_ppm, margin_picousd };
    assert_eq!(markup("openai/gpt-4o"), expected(50_000, 100_000, 0));
    assert_eq!(markup("anthropic/claude-opus-5"), expected(0, 80_000, 500_000_000));
    assert_eq!(markup("groq/llama-3.1-8b-instant"), expected(0, 100_000, 0));
}

#[test]
fn odd_shares_are_named() {
    let check_setting = |setting: &str, expected: &[&str]| {
        check(&format!("{}litellm_settings:\n  {setting}", entry("model: openai/gpt-4o", "")), expected);
    };
    check_setting(
        "cost_discount_config: {openai: 5, opanai: 0.1}",
        &[
            "config.yaml:3:26: error: litellm_settings.cost_discount_config.openai: expected a share; write e.g. 0.05 for five \
             percent",
            "config.yaml:3:37: warning: litellm_settings.cost_discount_config.opanai: no provider is called like this: it has \
             no effect; did you mean openai?",
        ],
    );
    check_setting(
        "cost_margin_config: {global: much}",
        &[
            "config.yaml:3:24: error: litellm_settings.cost_margin_config.global: expected a share; write e.g. 0.05 for five \
           percent",
        ],
    );
    check_setting(
        "default_price: {input_cost_per_token: 1e-6}",
        &["config.yaml:3:3: error: litellm_settings.default_price.output_cost_per_token: is missing; write e.g. \
           output_cost_per_token: 0.00001"],
    );
}

#[test]
fn models_without_a_price_have_the_default_one() {
    let default = "litellm_settings: {default_price: {input_cost_per_token: 1e-5, output_cost_per_token: 3e-5}}";
    let text = format!("{}{default}", entry("model: openai/own", ""));
    let deployment = deployment(&text);
    assert_eq!(deployment.tariff("").list, PriceList::flat(10_000_000, 30_000_000));
    assert_eq!(deployment.facts.input_picousd, None, "that is no list price");
}

#[test]
fn blocking_models_without_a_price_is_honoured() {
    let block = "litellm_settings: {block_requests_for_models_without_pricing: true}";
    assert!(setup(&format!("{}{block}", entry("model: openai/gpt-4o", ""))).pricing.block_unpriced);
    assert!(!setup(&entry("model: openai/gpt-4o", "")).pricing.block_unpriced);
}

const MAP: &str = r#"{"own": {"litellm_provider": "openai", "input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6,
    "max_input_tokens": 77, "ocr_cost_per_page": 1}}"#;

#[test]
fn a_price_map_in_a_file_is_read_with_the_configuration_and_watched() {
    let text = format!("{}litellm_settings: {{model_cost_map_url: prices.json}}", entry("model: openai/own", ""));
    for url in ["prices.json", "file://prices.json"] {
        let text = text.replace("prices.json", url);
        let loaded = load_files(&[("main/config.yaml", &text), ("main/prices.json", MAP)], ENV);
        check_report(&loaded.report, &[]);
        assert!(
            format!("{:#}", loaded.report).contains("note: litellm_settings.model_cost_map_url: not understood, with")
        );
        let setup = loaded.setup.unwrap();
        let deployment = &setup.groups["a"].deployments[0];
        assert_eq!((deployment.tariff("").origin, deployment.facts.max_input_tokens), (Origin::Map, Some(77)));
        assert_eq!(loaded.files, [Path::new("main/config.yaml"), Path::new("main/prices.json")]);
        assert_eq!(loaded.price_map, None);
    }
    let missing = load_files(&[("config.yaml", &text)], ENV).report.to_string();
    let expected = "config.yaml:2:20: error: litellm_settings.model_cost_map_url: the price map prices.json cannot be used: \
                    entity not found; mend it, or remove the line";
    assert!(missing.lines().any(|line| line == expected), "{missing}");
}

#[test]
fn an_address_of_a_price_map_is_left_to_the_background() {
    let text = entry("model: openai/gpt-4o", "");
    let with_url = |url: &str| format!("{text}litellm_settings: {{model_cost_map_url: '{url}'}}");
    let loaded = load_files(&[("config.yaml", &with_url("https://prices.example/map.json?raw=1"))], ENV);
    check_report(&loaded.report, &[]);
    let remote = loaded.price_map.unwrap();
    assert_eq!((&*remote.endpoint.host, remote.path.as_str()), ("prices.example", "/map.json?raw=1"));
    assert!(remote.copy.to_str().unwrap().starts_with("model_prices-") && loaded.setup.is_some());
    let from_env = |variables: &[(&str, &str)]| {
        let variables: Vec<_> = ENV.iter().chain(variables).copied().collect();
        load_files(&[("config.yaml", &text)], &variables).price_map.is_some()
    };
    let url = ("LITELLM_MODEL_COST_MAP_URL", "http://prices.example");
    assert!(from_env(&[url]) && !from_env(&[url, ("LITELLM_LOCAL_MODEL_COST_MAP", "True")]) && !from_env(&[]));
    check(
        &with_url("s3://bucket/map.json"),
        &[
            "config.yaml:2:20: error: litellm_settings.model_cost_map_url: an address must begin with http:// or https://; write \
           an address that begins with https://, or the path of a file",
        ],
    );
}

#[test]
fn the_last_good_answer_of_an_address_counts() {
    let dir = std::env::temp_dir().join(format!("lockgate-copies-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let text = format!(
        "{}litellm_settings: {{model_cost_map_url: 'http://prices.example/map'}}\ngeneral_settings: {{data_dir: '{}'}}",
        entry("model: openai/own", ""),
        dir.display()
    );
    let load = || load_files(&[("config.yaml", &text)], ENV);
    let remote = load().price_map.unwrap();
    assert!(load().setup.unwrap().groups["a"].deployments[0].tariff("").origin == Origin::Unknown);
    Copies::default().put(&remote, MAP.as_bytes().to_vec()).unwrap();
    assert!(load().setup.unwrap().groups["a"].deployments[0].tariff("").origin == Origin::Map);
    std::fs::write(&remote.copy, "half of i").unwrap();
    assert!(load().setup.unwrap().groups["a"].deployments[0].tariff("").origin == Origin::Unknown);
    std::fs::remove_dir_all(&dir).unwrap();
}

#[test]
fn a_copy_that_cannot_be_written_is_kept_in_memory() {
    let remote = Remote {
        url: "http://prices.example".to_owned(),
        endpoint: Endpoint::parse("http://prices.example").unwrap(),
        path: "/".to_owned(),
        copy: "/nowhere/at/all.json".into(),
    };
    let copies = Copies::default();
    assert!(copies.get(&remote).is_none() && copies.put(&remote, b"{}".to_vec()).is_err());
    assert_eq!(copies.get(&remote).as_deref(), Some(&b"{}"[..]));
    let other = Remote { url: "http://other.example".to_owned(), ..remote };
    assert!(copies.get(&other).is_none());
}
