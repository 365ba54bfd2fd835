use crate::find;
use crate::http::Endpoint;

/// Checks the base URL that provider `id` has in an environment.
fn check(id: &str, env: &[(&str, &str)], expected: Option<&str>) {
    let env = |name: &str| env.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
    assert_eq!(find(id).unwrap().usual_base(env).as_deref(), expected, "{id}");
}

#[test]
fn a_base_comes_from_the_environment_then_from_the_table() {
    check("openai", &[], Some("https://api.openai.com/v1"));
    check("openai", &[("OPENAI_API_BASE", "http://b/v1")], Some("http://b/v1"));
    check("openai", &[("OPENAI_API_BASE", "http://b/v1"), ("OPENAI_BASE_URL", "http://a/v1/")], Some("http://a/v1"));
    check("openai", &[("OPENAI_BASE_URL", "  ")], Some("https://api.openai.com/v1"));
    check("hosted_vllm", &[], None);
    check("hosted_vllm", &[("HOSTED_VLLM_API_BASE", "http://gpu:8000/v1")], Some("http://gpu:8000/v1"));
}

#[test]
fn blanks_are_filled_or_the_base_is_unknown() {
    check("cloudflare", &[], None);
    check(
        "cloudflare",
        &[("CLOUDFLARE_ACCOUNT_ID", "abc")],
        Some("https://api.cloudflare.com/client/v4/accounts/abc/ai/v1"),
    );
    check("bedrock_mantle", &[], Some("https://bedrock-mantle.us-east-1.api.aws/v1"));
    check("bedrock_mantle", &[("AWS_REGION", "eu-west-1")], Some("https://bedrock-mantle.eu-west-1.api.aws/v1"));
    check("bedrock", &[], Some("https://bedrock-runtime.us-west-2.amazonaws.com"));
}

#[test]
fn whole_urls_and_forgotten_tails_are_put_right() {
    let check = |id: &str, base: &str, expected: &str| assert_eq!(find(id).unwrap().complete_base(base), expected);
    check("openai", "https://x/v1/chat/completions", "https://x/v1");
    check("openai", " https://x/v1// ", "https://x/v1");
    check("anthropic", "https://x/v1/messages", "https://x");
    check("anthropic", "https://x/v1/", "https://x");
    check("gemini", "https://x/v1beta", "https://x/v1beta");
    check("gemini", "https://x", "https://x/v1beta");
    check("gemini", "https://x/v1/", "https://x/v1beta");
    check("ollama", "http://x:11434/api/chat", "http://x:11434");
    check("ollama_chat", "http://x:11434/", "http://x:11434");
    check("cohere", "https://x/v2/chat", "https://x");
    check("cohere_chat", "https://x/v1/", "https://x");
    check("heroku", "https://eu.inference.heroku.com", "https://eu.inference.heroku.com/v1");
    check("docker_model_runner", "http://x/engines/vllm", "http://x/engines/vllm/v1");
    check("docker_model_runner", "http://x/engines/v1/", "http://x/engines/v1");
}

#[test]
fn a_base_may_say_which_dialect_is_spoken() {
    let check = |id: &str, base: &str, expected: &str| {
        assert_eq!(find(id).unwrap().at_base(base).dialect, expected, "{id} at {base}");
    };
    for id in ["cohere", "cohere_chat"] {
        check(id, "https://api.cohere.com", "cohere");
        check(id, "http://gpu.lan/v2", "cohere");
        check(id, "https://api.cohere.ai/compatibility/v1", "openai");
        check(id, "https://api.cohere.com/compatibility/", "openai");
        check(id, "https://api.cohere.com/compatibility", "openai");
    }
    check("openai", "https://api.cohere.ai/compatibility/v1", "openai");
}

#[test]
fn the_key_is_the_first_variable_that_is_set() {
    let env = |name: &str| match name {
        "GEMINI_API_KEY" => Some(String::new()),
        "GOOGLE_API_KEY" => Some("k\n".to_owned()),
        _ => None,
    };
    assert_eq!(find("gemini").unwrap().key(env).as_deref(), Some("k"));
    assert_eq!(find("openai").unwrap().key(env), None);
}

#[test]
fn another_server_that_speaks_the_dialect_is_not_the_provider() {
    let check = |id: &str, url: &str, expected: bool| {
        assert_eq!(find(id).unwrap().is_home(&Endpoint::parse(url).unwrap()), expected, "{id} at {url}");
    };
    check("openai", "https://api.openai.com/v1", true);
    check("openai", "https://EU.api.openai.com/v1", true);
    check("openai", "https://notopenai.com/v1", false);
    check("openai", "https://api.openai.com.evil.example/v1", false);
    check("openai", "http://127.0.0.1:1234/v1", false);
    check("anthropic", "https://llm.example/anthropic", false);
    check("bedrock_mantle", "https://bedrock-mantle.eu-west-1.api.aws/v1", true);
    check("bedrock", "https://bedrock-runtime.eu-west-1.amazonaws.com", true);
    check("bedrock", "https://x.execute-api.eu-west-1.amazonaws.com", false);
    check("bedrock", "https://bedrock-runtime.mine.s3.amazonaws.com", false);
    check("vertex_ai", "https://aiplatform.eu.rep.googleapis.com", true);
    check("ollama", "http://gpu.lan:11434", true);
    check("hosted_vllm", "http://gpu.lan:8000/v1", true);
}

#[test]
fn only_openai_itself_gets_developer_messages() {
    let check = |id: &str, url: &str, expected: bool| {
        let quirks = find(id).unwrap().quirks_at(&Endpoint::parse(url).unwrap());
        assert_eq!(quirks.developer_role, expected, "{id} at {url}");
    };
    check("openai", "https://api.openai.com/v1", true);
    check("openai", "http://gpu.lan:8000/v1", false);
    check("groq", "https://api.groq.com/openai/v1", false);
}
