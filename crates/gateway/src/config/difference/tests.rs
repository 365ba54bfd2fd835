use super::super::tests::load_files;
use super::*;

const BEFORE: &str = "
model_list:
- {model_name: fast, litellm_params: {model: openai/gpt-4o-mini, api_key: a-secret-of-before, rpm: 10}}
- {model_name: fast, litellm_params: {model: openai/gpt-4o, api_key: os.environ/OPENAI_API_KEY}}
general_settings: {database_url: 'postgres://ada:word@db/one', master_key: sk-before-0123456789}
litellm_settings: {callbacks: [otel], num_retries: 2}
";
const AFTER: &str = "
model_list:
- {model_name: slow, litellm_params: {model: anthropic/claude-sonnet-4-5, api_key: a-secret-of-after}}
- {model_name: fast, litellm_params: {model: openai/gpt-4o-mini, api_key: a-secret-of-after, rpm: 20}}
- {model_name: fast, litellm_params: {model: openai/gpt-4o, api_key: os.environ/ANTHROPIC_API_KEY}}
general_settings: {database_url: 'postgres://ada:other@db/one', master_key: sk-after-0123456789}
litellm_settings: {callbacks: [otel, s3], num_retries: 2}
";

fn tree(text: &str) -> Tree {
    let env = [("OPENAI_API_KEY", "a-secret-of-openai"), ("ANTHROPIC_API_KEY", "a-secret-of-anthropic")];
    load_files(&[("config.yaml", text)], &env).tree.unwrap()
}

fn told(before: &str, after: &str) -> Vec<String> {
    let all = between(Some(&tree(before)), &tree(after));
    let word = |side: &Option<String>| side.clone().unwrap_or_else(|| "-".to_owned());
    all.iter().map(|one| format!("{}: {} > {}", one.path, word(&one.before), word(&one.after))).collect()
}

#[test]
fn what_is_different_is_told_by_name_and_without_secrets() {
    assert_eq!(
        told(BEFORE, AFTER),
        [
            r#"general_settings.database_url: "postgres://…@db/one" > "postgres://…@db/one""#,
            "general_settings.master_key: (secret) > (secret)",
            r#"litellm_settings.callbacks: ["otel"] > ["otel","s3"]"#,
            "model_list[fast #2].litellm_params.api_key: (secret) > (secret)",
            "model_list[fast].litellm_params.api_key: (secret) > (secret)",
            "model_list[fast].litellm_params.rpm: 10 > 20",
            "model_list[slow].litellm_params.api_key: - > (secret)",
            r#"model_list[slow].litellm_params.model: - > "anthropic/claude-sonnet-4-5""#,
            r#"model_list[slow].model_name: - > "slow""#,
        ]
    );
}

#[test]
fn what_only_stands_elsewhere_or_is_written_otherwise_is_no_difference() {
    let same = BEFORE
        .replace("num_retries: 2", "num_retries: \"2\"")
        .replace("{callbacks: [otel], ", "{callbacks: ['otel'], ");
    assert_eq!(told(BEFORE, &same), [r#"litellm_settings.num_retries: 2 > "2""#], "a text is not a number");
    let moved = "
litellm_settings: {num_retries: 2, callbacks: [otel]}
general_settings: {master_key: sk-before-0123456789, database_url: 'postgres://ada:word@db/one'}
model_list:
- {litellm_params: {rpm: 10, api_key: a-secret-of-before, model: openai/gpt-4o-mini}, model_name: fast}
- {model_name: fast, litellm_params: {model: openai/gpt-4o, api_key: os.environ/OPENAI_API_KEY}}
";
    assert_eq!(told(BEFORE, moved), [""; 0]);
}

#[test]
fn all_of_a_first_configuration_is_new_and_the_list_has_an_end() {
    assert!(between(None, &tree(AFTER)).iter().all(|one| one.before.is_none() && one.after.is_some()));
    let many: String = (0..MOST)
        .map(|number| format!("- {{model_name: m{number}, litellm_params: {{model: mock/demo}}}}\n"))
        .collect();
    assert_eq!(between(None, &tree(&format!("model_list:\n{many}"))).len(), MOST);
}
