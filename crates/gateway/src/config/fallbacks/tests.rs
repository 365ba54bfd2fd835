use crate::config::tests::{check, setup};

const MODELS: &str = "model_list:
- {model_name: a, litellm_params: {model: mock/a}}
- {model_name: b, litellm_params: {model: mock/b}}
- {model_name: c, litellm_params: {model: mock/c}}
";

#[test]
fn both_ways_of_writing_mean_the_same() {
    let check = |fallbacks: &str| {
        let rules = setup(&format!("{MODELS}router_settings:\n  fallbacks: {fallbacks}")).rules;
        assert_eq!(rules.fallbacks["a"], ["b", "c"], "{fallbacks}");
        assert_eq!(rules.fallbacks["b"], ["c"], "{fallbacks}");
    };
    check("[{a: [b, c]}, {b: [c]}]");
    check("[{a: [b, c], b: c}]");
    check("{a: [b, {model: c}], b: [c]}");
}

#[test]
fn each_occasion_has_its_own_list_and_every_group_one_of_its_own() {
    let rules = setup(&format!(
        "{MODELS}router_settings: {{context_window_fallbacks: [{{a: [b]}}], default_fallbacks: [c]}}
litellm_settings: {{fallbacks: [{{b: [a]}}], content_policy_fallbacks: [{{a: [c]}}], default_fallbacks: [a]}}"
    ))
    .rules;
    assert_eq!(rules.context_window_fallbacks["a"], ["b"]);
    assert_eq!(rules.content_policy_fallbacks["a"], ["c"]);
    assert_eq!(rules.fallbacks["b"], ["a"]);
    assert_eq!(rules.fallbacks["*"], ["c"]);
    let rules = setup(&format!("{MODELS}router_settings: {{fallbacks: [{{'*': [b]}}], default_fallbacks: [c]}}")).rules;
    assert_eq!(rules.fallbacks["*"], ["b"]);
}

#[test]
fn wrong_shapes_are_named() {
    let text = format!(
        "{MODELS}router_settings:
  fallbacks: [{{a: [b]}}, {{a: [c]}}, [d], {{b: [{{model: c, temperature: 0}}, [x], {{name: c}}]}}]
  content_policy_fallbacks: a"
    );
    check(
        &text,
        &[
            "config.yaml:6:26: warning: router_settings.fallbacks[1].a: a is there already in line 6, which counts; \
         join the two lists",
            "config.yaml:6:35: error: router_settings.fallbacks[2]: expected a group and its stand-ins, found a list; \
         write e.g. - my-group: [other-group, another-group]",
            "config.yaml:6:45: warning: router_settings.fallbacks[3].b: parameters of a stand-in are known, but not honoured \
         yet: only its model is used; make it a group of its own, with these parameters",
            "config.yaml:6:73: error: router_settings.fallbacks[3].b: expected the name of a group, found a list; \
         write e.g. - my-group: [other-group, another-group]",
            "config.yaml:6:78: error: router_settings.fallbacks[3].b: expected the name of a group, found a mapping; \
         write e.g. - my-group: [other-group, another-group]",
            "config.yaml:7:3: error: router_settings.content_policy_fallbacks: expected a list of groups and their stand-ins, \
         found \"a\"; write e.g. - my-group: [other-group, another-group]",
        ],
    );
}
