use crate::config::tests::check;

#[test]
fn a_wrong_type_is_named_with_an_example_of_the_right_one() {
    let check = |key: &str, value: &str, expected: &str| {
        let text =
            format!("model_list:\n  - {{model_name: a, litellm_params: {{model: openai/gpt-4o, {key}: {value}}}}}");
        let column = 38 + "model: openai/gpt-4o, ".len();
        check(&text, &[&format!("config.yaml:2:{column}: error: model_list[0].litellm_params.{key}: {expected}")]);
    };
    check("rpm", "abc", "expected a whole number, found \"abc\"; write e.g. rpm: 60");
    check("rpm", "1.5", "expected a whole number, found \"1.5\"; write e.g. rpm: 60");
    check("rpm", "-1", "expected a number of at least 0, found \"-1\"; write e.g. rpm: 60");
    check("weight", "[1]", "expected a number, found a list; write e.g. weight: 0.5");
    check("order", "1.5", "expected a whole number, found \"1.5\"; write e.g. order: 1");
    check("timeout", "30s", "expected a number of seconds above zero, found \"30s\"; write e.g. timeout: 30");
    check("timeout", "0", "expected a number of seconds above zero, found \"0\"; write e.g. timeout: 30");
    check("timeout", "1e12", "expected a number of seconds above zero, found \"1e12\"; write e.g. timeout: 30");
    check("drop_params", "1", "expected true or false, found \"1\"; write e.g. drop_params: true");
    check("extra_body", "text", "expected a mapping, found \"text\"");
    check(
        "input_cost_per_token",
        "1e9",
        "expected a price in dollars, found \"1e9\"; write e.g. input_cost_per_token: 0.00000015",
    );
    check(
        "additional_drop_params",
        "{a: b}",
        "expected a list of texts, found a mapping; write e.g. additional_drop_params: [one, two]",
    );
    check("api_key", "[a]", "expected a text, found a list");
}

#[test]
fn a_value_that_may_be_a_secret_is_not_repeated() {
    let text = "model_list:\n  - model_name: a\n    litellm_params: {model: openai/gpt-4o, rpm: sk-abc, tpm: 0123456789abcdef01234}";
    check(
        text,
        &[
            "config.yaml:3:44: error: model_list[0].litellm_params.rpm: expected a whole number, found a text of 6 \
         characters; write e.g. rpm: 60",
            "config.yaml:3:57: error: model_list[0].litellm_params.tpm: expected a whole number, found a text of 21 \
         characters; write e.g. tpm: 60",
        ],
    );
}

#[test]
fn quoted_numbers_and_flags_are_taken() {
    check(
        "model_list: [{model_name: a, litellm_params: {model: openai/gpt-4o, rpm: '60', drop_params: 'true', timeout: '9.5'}}]",
        &[],
    );
}

const MODELS: &str = "model_list: [{model_name: a, litellm_params: {model: openai/gpt-4o}}]\n";

#[test]
fn unknown_keys_get_a_guess_or_their_home() {
    check(
        &format!("{MODELS}router_setings: {{}}\ngeneral_settings: {{maser_key: x, drop_params: true, zzz: 1}}"),
        &[
            "config.yaml:2:1: warning: router_setings: unknown key: it has no effect; did you mean router_settings?",
            "config.yaml:3:20: warning: general_settings.maser_key: unknown key: it has no effect; did you mean master_key?",
            "config.yaml:3:34: warning: general_settings.drop_params: unknown key: it has no effect; it belongs to \
         litellm_settings",
            "config.yaml:3:53: warning: general_settings.zzz: unknown key: it has no effect",
        ],
    );
}

#[test]
fn keys_without_effect_are_named_unless_they_say_what_holds_anyway() {
    let text = format!(
        "{MODELS}litellm_settings: {{json_logs: true, modify_params: false, callbacks: [], set_verbose: true}}
general_settings: {{enforced_params: [user], health_check_details: true, cancel_on_disconnect: false, database_url: ~}}
policies: {{a: {{}}}}"
    );
    check(
        &text,
        &[
            "config.yaml:2:20: warning: litellm_settings.json_logs: known, but not honoured yet (logs as JSON)",
            "config.yaml:2:74: warning: litellm_settings.set_verbose: has no effect here (logs more): start with --debug; \
         remove it when you like",
            "config.yaml:3:20: warning: general_settings.enforced_params: known, but not honoured yet (fields that requests \
         must have): nothing is held back by it; do not rely on it",
            "config.yaml:3:73: warning: general_settings.cancel_on_disconnect: has no effect here (gives calls up when the \
         caller is gone): that is always done; remove it when you like",
            "config.yaml:4:1: warning: policies: known, but not honoured yet (sets of guardrails): nothing is \
         held back by it; do not rely on it",
        ],
    );
}

#[test]
fn one_mistake_is_told_once() {
    check(
        "model_list: [{model_name: a, litellm_params: {model: [x], max_new_tokens: 5, logprobs: true}}]",
        &["config.yaml:1:47: error: model_list[0].litellm_params.model: expected a text, found a list"],
    );
    check(
        "model_list: [{model_name: [a], litellm_params: {model: mock/demo}}, {model_name: b, litellm_params: x}]",
        &[
            "config.yaml:1:15: error: model_list[0].model_name: expected a text, found a list",
            "config.yaml:1:85: error: model_list[1].litellm_params: expected a mapping, found \"x\"",
        ],
    );
}
