use super::*;

fn check(path: &str, expected: Option<(&str, Operation, Option<&str>)>) {
    let found = find(path.split('?').next().unwrap_or_default(), path.split_once('?').map(|(_, query)| query))
        .map(|route| (route.front.name(), route.operation, route.path_model));
    let expected = expected.map(|(front, operation, model)| (front, operation, model.map(str::to_owned)));
    assert_eq!(found, expected, "{path}");
}

#[test]
fn every_spelling_of_a_path_leads_to_the_same_place() {
    check("/v1/chat/completions", Some(("openai", Operation::Chat, None)));
    check("/chat/completions", Some(("openai", Operation::Chat, None)));
    check("/v1/chat/completions/", Some(("openai", Operation::Chat, None)));
    check("/engines/gpt-4o/chat/completions", Some(("openai", Operation::Chat, Some("gpt-4o"))));
    check("/openai/deployments/a%2Fb/embeddings", Some(("openai", Operation::Embedding, Some("a/b"))));
    check("/openai/deployments/a/b/completions", Some(("openai", Operation::Completion, Some("a/b"))));
    check("/v1/messages", Some(("anthropic", Operation::Chat, None)));
    check("/v1/messages/count_tokens", Some(("anthropic", Operation::CountTokens, None)));
    check("/api/chat", Some(("ollama", Operation::Chat, None)));
    check("/v1beta/models/gpt-4o:generateContent", Some(("gemini", Operation::Chat, Some("gpt-4o"))));
    check("/v1/models/team%2Fm:countTokens", Some(("gemini", Operation::CountTokens, Some("team/m"))));
    check("/models/qwen3:14b:streamGenerateContent", Some(("gemini_array", Operation::Chat, Some("qwen3:14b"))));
    check("/v1beta/models/m:streamGenerateContent?a=b&alt=sse", Some(("gemini", Operation::Chat, Some("m"))));
    check("/v1beta/models/m:embedContent", Some(("gemini_vector", Operation::Embedding, Some("m"))));
    check("/v1/models/qwen3:14b", None);
    check("/v1beta/models/:generateContent", Some(("gemini", Operation::Chat, None)));
    check("/engines//chat/completions", None);
    check("/engines/m/messages", None);
    check("/v1/models", None);
}
