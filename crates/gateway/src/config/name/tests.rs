use super::{Nobody, resolve};

/// Checks `provider model` or the beginning of what is said instead.
fn check(model: &str, custom: Option<&str>, has_base: bool, expected: &str) {
    let got = match resolve(model, custom, has_base) {
        Ok(called) => format!("{} {}", called.provider.id, called.model),
        Err(Nobody::Unserved(id)) => format!("unserved {id}"),
        Err(Nobody::Unknown(message, remedy)) => format!("{message}; {remedy}"),
    };
    assert_eq!(got, expected, "{model} {custom:?} {has_base}");
}

#[test]
fn the_provider_stands_before_the_first_slash() {
    check("openai/gpt-4o", None, false, "openai gpt-4o");
    check("openrouter/anthropic/claude-x", None, false, "openrouter anthropic/claude-x");
    check("ollama/qwen3:14b", None, true, "ollama qwen3:14b");
    check("openai/*", None, false, "openai *");
    check(
        "openai/",
        None,
        false,
        "no model is named behind the provider; write openai/ and the provider's name of the model",
    );
}

#[test]
fn the_operator_can_name_the_provider_apart() {
    check("openai/gpt-4o", Some("openrouter"), false, "openrouter openai/gpt-4o");
    check("groq/llama", Some("groq"), false, "groq llama");
    check("llama", Some("sagemaker"), false, "unserved sagemaker");
    check("llama", Some("grok"), false, "no provider is called \"grok\"; did you mean groq?");
}

#[test]
fn well_known_names_stand_alone() {
    check("gpt-4o", None, false, "openai gpt-4o");
    check("claude-future-9", None, false, "anthropic claude-future-9");
    check("gemini-2.5-pro", None, false, "gemini gemini-2.5-pro");
    check("command-r-08-2024", None, false, "cohere command-r-08-2024");
    check(
        "mystery",
        None,
        false,
        "nobody knows whose model \"mystery\" is; name the provider: e.g. openai/mystery, or ollama/mystery",
    );
}

#[test]
fn with_an_address_anything_is_a_model() {
    check("mystery", None, true, "openai mystery");
    check("meta-llama/Llama-3-8B", None, true, "openai meta-llama/Llama-3-8B");
    check("claude-x", None, true, "openai claude-x");
    check("*", None, true, "openai *");
}

#[test]
fn slips_get_a_guess_and_unserved_providers_are_named_as_such() {
    check("opanai/gpt-4o", None, false, "no provider is called \"opanai\"; did you mean openai/gpt-4o?");
    check("bedrok/x", None, false, "no provider is called \"bedrok\"; did you mean bedrock/x?");
    check(
        "zzzzzzzz/x",
        None,
        false,
        "no provider is called \"zzzzzzzz\"; for any OpenAI-compatible server write openai/MODEL and its api_base",
    );
    check("sagemaker/my-deployment", None, true, "unserved sagemaker");
    check("replicate/x", None, false, "unserved replicate");
    check("auto_router/complexity_router", None, false, "unserved auto_router");
}
