use crate::config::tests::{ENV, check_report, deployment, load_files};

fn one(params: &str) -> String {
    format!("model_list:\n  - model_name: a\n    litellm_params: {{{params}}}\n")
}

fn check(params: &str, env: &[(&str, &str)], expected: &[&str]) {
    let env: Vec<_> = [("LITELLM_MASTER_KEY", "a-long-random-master-key")].iter().chain(env).copied().collect();
    check_report(&load_files(&[("config.yaml", &one(params))], &env).report, expected);
}

#[test]
fn address_and_key_come_from_the_entry_then_the_environment_then_the_table() {
    let check = |params: &str, url: &str, key: Option<&str>| {
        let deployment = deployment(&one(params));
        assert_eq!(deployment.endpoint.url(), url, "{params}");
        let header = deployment.headers.get("authorization").or(deployment.headers.get("x-api-key"));
        assert_eq!(header.map(|value| value.to_str().unwrap()), key, "{params}");
    };
    check("model: openai/gpt-4o", "https://api.openai.com/v1", Some("Bearer openai-key"));
    check("model: openai/gpt-4o, api_key: k", "https://api.openai.com/v1", Some("Bearer k"));
    check("model: openai/x, api_key: k, api_base: 'http://gpu:8000/v1/'", "http://gpu:8000/v1", Some("Bearer k"));
    check("model: openai/x, api_key: k, base_url: 'http://gpu/v1'", "http://gpu/v1", Some("Bearer k"));
    check("model: anthropic/claude-haiku-4-5", "https://api.anthropic.com", Some("anthropic-key"));
    check(
        "model: ollama/llama3, api_base: 'http://host.docker.internal:11434'",
        "http://host.docker.internal:11434",
        None,
    );
    check("model: ollama/llama3", "http://127.0.0.1:11434", None);
    check("model: mock/demo", "http://built-in.invalid", None);
}

#[test]
fn credentials_are_shared_by_name() {
    let text = "credential_list:
  - credential_name: proxy
    credential_values: {api_base: http://gpu/v1, api_key: shared}
    credential_info: {description: ours}
model_list:
  - {model_name: a, litellm_params: {model: x, litellm_credential_name: proxy, api_key: ~}}
";
    let deployment = deployment(text);
    assert_eq!((deployment.name.as_str(), deployment.endpoint.url()), ("openai/x", "http://gpu/v1".to_owned()));
    assert_eq!(deployment.headers["authorization"], "Bearer shared");
    let wrong = text.replace("_name: proxy,", "_name: proxi,").replace("model: x", "model: openai/gpt-4o");
    check_report(
        &load_files(&[("config.yaml", &wrong)], ENV).report,
        &["config.yaml:6:60: error: model_list[0].litellm_params.litellm_credential_name: no credential is called \
         \"proxi\"; did you mean proxy?"],
    );
}

#[test]
fn headers_are_added_and_never_shown() {
    let deployment = deployment(&one(
        "model: openai/gpt-4o, organization: org-1, headers: {X-A: 1}, extra_headers: {Authorization: Token t}",
    ));
    let value = |name: &str| deployment.headers[name].to_str().unwrap();
    assert_eq!((value("openai-organization"), value("x-a"), value("authorization")), ("org-1", "1", "Token t"));
    assert!(!format!("{:?}", deployment.headers).contains("Token"));
    check(
        "model: mock/demo, headers: {'b d': x, Host: y, ok: [1], gone: os.environ/GONE, odd: \"a\\nb\"}",
        &[],
        &[
            "config.yaml:3:50: error: model_list[0].litellm_params.headers.b d: not the name of a header; \
         use letters, digits and dashes",
            "config.yaml:3:60: error: model_list[0].litellm_params.headers.Host: host is set by the gateway itself; remove it",
            "config.yaml:3:69: error: model_list[0].litellm_params.headers.ok: expected a text, found a list; quote the value",
            "config.yaml:3:78: warning: model_list[0].litellm_params.headers.gone: environment variable GONE is not set; \
         export it, or remove the line",
            "config.yaml:3:101: error: model_list[0].litellm_params.headers.odd: has characters that no header may have; \
         check for line breaks",
        ],
    );
}

#[test]
fn a_missing_key_or_address_is_named_with_its_variable() {
    check(
        "model: openai/gpt-4o",
        &[],
        &[
            "config.yaml:3:22: warning: model_list[0].litellm_params.api_key: no key for OpenAI: its calls would be refused; \
         set OPENAI_API_KEY, or write api_key",
        ],
    );
    check(
        "model: openai/gpt-4o, api_key: os.environ/MINE",
        &[],
        &[
            "config.yaml:3:44: warning: model_list[0].litellm_params.api_key: environment variable MINE is not set: calls \
         are sent without a key; export it, or remove the line",
        ],
    );
    check("model: openai/gpt-4o, api_key: os.environ/MINE", &[("OPENAI_API_KEY", "k")], &[]);
    check("model: openai/gpt-4o, headers: {Authorization: x}", &[], &[]);
    check("model: openai/gpt-4o, mock_response: hi", &[], &[]);
    check(
        "model: hosted_vllm/x",
        &[],
        &["config.yaml:3:22: error: model_list[0].litellm_params.api_base: vLLM (hosted) has no usual address; \
         write e.g. api_base: http://localhost:8000/v1, or set HOSTED_VLLM_API_BASE"],
    );
    check("model: hosted_vllm/x", &[("HOSTED_VLLM_API_BASE", "http://gpu:8000/v1")], &[]);
    check(
        "model: openai/x, api_base: 'gpu:8000'",
        &[],
        &[
            "config.yaml:3:39: error: model_list[0].litellm_params.api_base: an address must begin with http:// or https://; \
         write e.g. api_base: http://localhost:8000/v1",
        ],
    );
    check(
        "model: openai/gpt-4o, api_key: \"a\\nb\"",
        &[],
        &[
            "config.yaml:3:44: error: model_list[0].litellm_params.api_key: the key has characters that no header may have; \
         check for line breaks and quotes",
        ],
    );
}

#[test]
fn a_key_of_the_environment_does_not_go_elsewhere_without_a_word() {
    let keyed = [("OPENAI_API_KEY", "k")];
    check(
        "model: openai/x, api_base: 'http://gpu/v1'",
        &keyed,
        &["config.yaml:3:22: warning: model_list[0].litellm_params.api_key: the key in OPENAI_API_KEY is sent to \
         http://gpu/v1, which is not OpenAI's; write the api_key of that server, or api_key: none"],
    );
    check("model: openai/x, api_base: 'http://gpu/v1'", &[], &[]);
    check("model: openai/gpt-4o", &[keyed[0], ("OPENAI_BASE_URL", "http://gpu/v1")], &[]);
}

#[test]
fn only_openai_itself_is_spoken_to_as_openai() {
    assert!(deployment(&one("model: openai/gpt-4o")).quirks.developer_role);
    assert!(!deployment(&one("model: openai/x, api_base: 'http://gpu/v1', api_key: k")).quirks.developer_role);
}
