//! Paths and whose they are.

use super::*;

fn head(method: &str, path: &str, header: &str) -> Head {
    let headers = vec![(header.to_owned(), "x".to_owned())];
    Head { method: method.into(), target: path.into(), headers, ..Head::default() }
}

fn check(method: &str, path: &str, expected: Option<(Op, Option<&str>)>) {
    let got = match route(&head(method, path, "")) {
        Route::Model(target) => Some((target.op, target.model)),
        _ => None,
    };
    assert_eq!(got, expected.map(|(op, model)| (op, model.map(str::to_owned))), "{method} {path}");
}

#[test]
fn paths_lead_to_endpoints() {
    check("POST", "/v1/chat/completions", Some((Op::Chat, None)));
    check("POST", "/chat/completions", Some((Op::Chat, None)));
    check("POST", "/v1/completions", Some((Op::Text, None)));
    check("POST", "/embeddings", Some((Op::Embed, None)));
    check("GET", "/v1/models", Some((Op::Models, None)));
    check("POST", "/v1/messages", Some((Op::Chat, None)));
    check("POST", "/v1/messages/count_tokens", Some((Op::Count, None)));
    check("HEAD", "/", Some((Op::Hello, None)));
    check("POST", "/api/embeddings", Some((Op::EmbedOther, None)));
    check("POST", "/v1beta/models/demo:generateContent", Some((Op::Chat, Some("demo"))));
    check(
        "POST",
        "/v1/models/demo%40status%3D429:streamGenerateContent",
        Some((Op::ChatStream, Some("demo@status=429"))),
    );
    check("POST", "/v1/models/a:b:countTokens", Some((Op::Count, Some("a:b"))));
    check("POST", "/v1/projects/p/locations/l/publishers/google/models/m:generateContent", Some((Op::Chat, Some("m"))));
    check("POST", "/openai/deployments/my%20gpt/chat/completions?api-version=x", Some((Op::Chat, Some("my gpt"))));
    check("POST", "/openai/v1/embeddings", Some((Op::Embed, None)));
    check("POST", "/models/chat/completions?api-version=x", Some((Op::Chat, None)));
    check("POST", "/anthropic/v1/messages", Some((Op::Chat, None)));
    check("POST", "/openai/deployments/gpt/chat/completions", None);
    let project = "/v1/projects/p/locations/l";
    let claude = format!("{project}/publishers/anthropic/models/claude%401:rawPredict");
    check("POST", &claude, Some((Op::Chat, Some("claude@1"))));
    check("POST", &format!("{project}/endpoints/openapi/chat/completions"), Some((Op::Chat, None)));
    let arn = "/model/arn%3Aaws%3Abedrock%3Ax%2Fdemo/converse-stream";
    check("POST", arn, Some((Op::ChatStream, Some("arn:aws:bedrock:x/demo"))));
    check("POST", "/model/demo/count-tokens", Some((Op::Count, Some("demo"))));
    check("POST", "/model/anthropic.claude/invoke", Some((Op::Chat, Some("anthropic.claude"))));
    check("POST", "/model/titan/invoke", Some((Op::Embed, Some("titan"))));
    check("POST", "/model/a/b/converse", None);
    for path in
        ["/messages", "/v1", "/v1/chat", "/v2/models/m:generateContent", "/v1/models/m:explode", "/v1/models/m", ""]
    {
        check("POST", path, None);
    }
    check("GET", "/v1/chat/completions", None);
}

#[test]
fn the_model_list_is_the_one_of_the_caller() {
    for (path, header, id) in [
        ("/v1/models", "", "x-request-id"),
        ("/v1/models", "anthropic-version", "request-id"),
        ("/v1/models", "x-goog-api-key", "x-goog-request-id"),
        ("/v1/models?key=k", "", "x-goog-request-id"),
        ("/models", "", "x-request-id"),
    ] {
        let Route::Model(target) = route(&head("GET", path, header)) else { panic!("{path}") };
        assert_eq!(target.dialect.id_header(), id, "{path} {header}");
    }
}
