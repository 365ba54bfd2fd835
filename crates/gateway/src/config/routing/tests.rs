//! Routers as they are written, ours and the incumbent's, and what is wrong with them.

use policy::intent::{Intent, Reading};
use policy::router::{Facts, Models, Tier};

use crate::config::tests::{check, setup};

const MODELS: &str = "model_list:
- {model_name: small, litellm_params: {model: openai/gpt-4o-mini}}
- {model_name: premium, litellm_params: {model: anthropic/claude-opus-4-5}}
- {model_name: mid, litellm_params: {model: openai/gpt-4o}}
";

/// All models are there for everybody.
struct All;

impl Models for All {
    fn usable(&self, _: &str) -> bool {
        true
    }

    fn price(&self, _: &str) -> Option<u64> {
        None
    }
}

/// The model that the router `auto` of a text chooses for an intent of a difficulty.
fn choose(text: &str, intent: Intent, difficulty: u8, text_of_user: &str) -> String {
    let setup = setup(text);
    let (_, router) = setup.router("auto").expect("a router");
    let reading = Reading { intent, scores: [0; 5], difficulty, because: Vec::new() };
    let facts = Facts { reading: Some(&reading), text: text_of_user, tokens: 50, ..Facts::default() };
    let choice = router.choose(&facts, &All).map(|choice| (choice.model.to_owned(), choice.reason));
    choice.map_or_else(|| "none".to_owned(), |(model, _)| model)
}

const OURS: &str = "router_settings:
  routers:
    auto:
      default: mid
      tier_boundaries: {complex_reasoning: 0.8}
      rules:
      - {name: law, when: {words: [GDPR], min_tokens: 10, max_tokens: 100, language: [de, en], tools: no}, model: premium}
      - {when: {intent: [code, reasoning], tier: [complex, reasoning]}, model: premium, max_price: 90}
      - when: {intent: chat, hours: '22:00-06:00', days: [sat, sun], timezone: Europe/Berlin, metadata: {tier: gold, paid: true}, keys: ci, teams: x, tags: [y], images: no, schema: no}
        split: {small: 90, mid: 10}
        experiment: spring
        escalate: [premium]
        checks: [schema, empty]
      - {when: {intent: [extraction, classification]}, model: small, escalate: mid}
";

#[test]
fn our_own_rules_are_read_as_they_are_written() {
    let text = format!("{MODELS}{OURS}");
    check(&text, &[]);
    assert_eq!(choose(&text, Intent::Code, 79, ""), "mid", "its price is not known, and there is a cap");
    assert_eq!(choose(&text, Intent::Extraction, 0, ""), "small");
    let setup = setup(&text);
    let (_, router) = setup.router("auto").unwrap();
    let [law, hard, split, forms, default] = &router.rules[..] else { panic!("{router:?}") };
    assert_eq!(
        (law.name.as_str(), law.when.tools, law.when.length.min, law.when.length.max),
        ("law", Some(false), 10, 100)
    );
    assert_eq!((law.when.words.as_slice(), law.when.languages.len()), (&["gdpr".to_owned()][..], 2));
    assert_eq!((hard.name.as_str(), hard.max_price, hard.checks.len()), ("2", Some(90_000_000), 0));
    assert_eq!(split.arms.iter().map(|arm| arm.weight).collect::<Vec<_>>(), [90, 10]);
    assert_eq!((split.experiment.as_deref(), split.checks.len()), (Some("spring"), 2));
    assert_eq!(split.when.metadata, [("tier".to_owned(), "gold".to_owned()), ("paid".to_owned(), "true".to_owned())]);
    assert!(split.when.hours.is_some() && split.when.keys == ["ci"]);
    assert_eq!((forms.checks.len(), forms.escalate.as_slice()), (3, &["mid".to_owned()][..]));
    assert_eq!(
        (default.name.as_str(), router.tiers.of(79), router.tiers.of(80)),
        ("default", Tier::Complex, Tier::Reasoning)
    );
}

#[test]
fn mistakes_are_told_with_their_line_and_a_remedy() {
    let text = format!(
        "{MODELS}router_settings:
  routers:
    auto:
      rules:
      - {{when: {{intent: [cod], tier: hard, hours: 9-5, timezone: Berlin, day: mon}}, model: smal}}
      - {{model: small, split: {{mid: x}}}}
      - {{when: {{intent: code}}}}
    small: {{default: mid}}
    empty: {{}}
"
    );
    let rule = "router_settings.routers.auto.rules";
    let expected = [
        format!("config.yaml:9:26: error: {rule}[0].when.intent: \"cod\" is not known here; did you mean code?"),
        format!(
            "config.yaml:9:32: error: {rule}[0].when.tier: \"hard\" is not known here; write one of simple, medium, complex, reasoning"
        ),
        format!("config.yaml:9:44: error: {rule}[0].when.hours: \"9-5\" is no span of hours; write e.g. 22:00-06:00"),
        format!(
            "config.yaml:9:56: error: {rule}[0].when.timezone: no time zone is called like this; write e.g. Europe/Berlin"
        ),
        format!("config.yaml:9:74: warning: {rule}[0].when.day: unknown key: it has no effect; did you mean days?"),
        format!("config.yaml:9:85: warning: {rule}[0].model: no group is called \"smal\": no call goes there; did you mean small?"),
        format!("config.yaml:10:24: error: {rule}[1].split: a rule has either a model or a split; remove one of them"),
        format!("config.yaml:11:9: error: {rule}[2].model: is missing; write e.g. model: my-model"),
        "config.yaml:12:5: error: router_settings.routers.small: \"small\" is called by another entry already; give the router a name of its own"
            .to_owned(),
        "config.yaml:13:5: error: router_settings.routers.empty.default: is missing; write e.g. default: my-model".to_owned(),
    ];
    check(&text, &expected.each_ref().map(String::as_str));
}

#[test]
fn the_incumbents_complexity_router_is_taken_as_it_is() {
    let text = format!(
        "{MODELS}- model_name: auto
  litellm_params:
    model: auto_router/complexity_router
    complexity_router_config:
      tiers: {{SIMPLE: small, MEDIUM: [small, mid], COMPLEX: {{model_name: mid}}, REASONING: premium}}
      tier_boundaries: {{simple_medium: 0.2, medium_complex: 0.3, complex_reasoning: 0.5}}
      keyword_tier_rules: [{{keywords: [Contract], tier: REASONING}}]
    complexity_router_default_model: mid
"
    );
    check(&text, &[]);
    let model = |difficulty, words: &str| choose(&text, Intent::Chat, difficulty, words);
    assert_eq!((model(19, "").as_str(), model(30, "").as_str(), model(50, "").as_str()), ("small", "mid", "premium"));
    assert_eq!(model(0, "Is this contract sound?"), "premium");
}

#[test]
fn the_incumbents_quality_router_picks_the_cheapest_that_is_good_enough() {
    let text = "model_list:
- {model_name: small, litellm_params: {model: openai/gpt-4o-mini}, model_info: {litellm_routing_preferences: {quality_tier: 1}}}
- {model_name: mid, litellm_params: {model: openai/gpt-4o}, model_info: {litellm_routing_preferences: {quality_tier: 3, keywords: [translate]}}}
- {model_name: premium, litellm_params: {model: anthropic/claude-opus-4-5}, model_info: {litellm_routing_preferences: {quality_tier: 3}}}
- model_name: auto
  litellm_params:
    model: auto_router/quality_router
    quality_router_config: {available_models: [small, premium, mid], complexity_to_quality: {SIMPLE: 1, MEDIUM: 2, COMPLEX: 3, REASONING: 4}, default_model: premium}
";
    check(text, &[]);
    let model = |difficulty, words: &str| choose(text, Intent::Chat, difficulty, words);
    assert_eq!([model(0, ""), model(20, ""), model(40, ""), model(90, "")].join(" "), "small mid mid premium");
    assert_eq!(model(0, "Translate this"), "mid");
}

#[test]
fn routers_that_cannot_do_here_what_they_do_there_say_so() {
    let marker = |name: &str, rest: &str| {
        format!("{MODELS}- {{model_name: auto, litellm_params: {{model: auto_router/{name}, {rest}}}}}\n")
    };
    let text = marker("support", "auto_router_default_model: mid, auto_router_embedding_model: vectors");
    check(
        &text,
        &[
            "config.yaml:5:3: warning: model_list[3]: no group is called \"vectors\": rules by examples never hold; name groups \
           of model_list",
        ],
    );
    assert_eq!(choose(&text, Intent::Code, 90, ""), "mid");
    check(
        &marker("support", "auto_router_config: {routes: [{name: small}]}, auto_router_default_model: mid"),
        &[
            "config.yaml:5:67: error: model_list[3].litellm_params.auto_router_config: expected routes (at most 100) of a \
           name and utterances; write e.g. {routes: [{name: my-model, utterances: [How do I...]}]}",
        ],
    );
    let text = marker("adaptive_router", "adaptive_router_config: {available_models: [mid, premium, small]}");
    assert_eq!(choose(&text, Intent::Code, 90, ""), "premium");
    assert_eq!(choose(&text, Intent::Code, 20, ""), "small");
    check(
        &marker("support", "auto_router_config: {}"),
        &["config.yaml:5:22: error: model_list[3].litellm_params: the router names no model; name the models that it \
           chooses from"],
    );
}

#[test]
fn auto_needs_no_declaration_where_prices_say_what_it_means() {
    assert_eq!(choose(MODELS, Intent::Chat, 10, ""), "small");
    assert_eq!(choose(MODELS, Intent::Code, 20, ""), "small");
    assert_eq!(choose(MODELS, Intent::Reasoning, 60, ""), "premium");
    let unpriced = "- {model_name: own, litellm_params: {model: openai/x, api_base: 'http://h/v1', api_key: k}}\n";
    assert!(setup(&format!("{MODELS}{unpriced}")).router("auto").is_none(), "nobody knows where it belongs");
    let vectors = "- {model_name: vectors, litellm_params: {model: openai/text-embedding-3-small}}\n";
    let local = "- {model_name: local, litellm_params: {model: ollama/qwen3}}\n";
    let text = format!("{MODELS}{vectors}{local}");
    assert_eq!(choose(&text, Intent::Chat, 10, ""), "local", "one's own machine is cheapest");
    let one = "model_list: [{model_name: small, litellm_params: {model: openai/gpt-4o-mini}}]";
    assert!(setup(one).router("auto").is_none());
    let named = format!("{MODELS}- {{model_name: auto, litellm_params: {{model: openai/gpt-4o}}}}\n");
    assert!(setup(&named).router("auto").is_none());
}

#[test]
fn rules_by_examples_need_somebody_who_makes_vectors() {
    let text = |router: &str| format!("{MODELS}router_settings: {{routers: {{auto: {{{router}}}}}}}\n");
    let rule = "rules: [{when: {examples: [Refund me, ' '], similarity: 0.7}, model: mid}], default: small";
    let good = setup(&text(&format!("{rule}, embedding_model: mid, embedding_timeout: 3")));
    let (_, router) = good.router("auto").unwrap();
    let like = router.rules[0].when.like.as_ref().unwrap();
    assert_eq!((&like.examples[..], like.threshold), (&["Refund me".to_owned()][..], 0.7));
    let embedder = router.embedder.as_ref().unwrap();
    assert_eq!((&*embedder.model, embedder.patience.as_secs()), ("mid", 3));
    check(
        &text(rule),
        &["config.yaml:5:29: error: router_settings.routers.auto.embedding_model: is missing; write e.g. \
           embedding_model: my-embeddings"],
    );
    let odd = "rules: [{when: {examples: [a], similarity: 7}, model: mid}], embedding_model: mid";
    check(
        &text(odd),
        &[
            "config.yaml:5:67: error: router_settings.routers.auto.rules[0].when.similarity: a similarity is a number from \
           0 to 1; write e.g. similarity: 0.5",
        ],
    );
}
