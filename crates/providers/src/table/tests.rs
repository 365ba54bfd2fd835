use crate::{Auth, Endpoint, Provider, all, find};

#[test]
fn ids_are_sorted_and_unique() {
    for pair in all().windows(2) {
        assert!(pair[0].id < pair[1].id, "{} before {}", pair[0].id, pair[1].id);
    }
    for provider in all() {
        assert_eq!(find(provider.id), Some(provider));
    }
    for unknown in ["", "open", "openai/", "OpenAI", "zzz"] {
        assert_eq!(find(unknown), None, "{unknown}");
    }
}

#[test]
fn more_than_eighty_providers_speak_openai() {
    let compatible = all().iter().filter(|provider| provider.dialect == "openai");
    assert!(compatible.filter(|provider| provider.endpoints.has(Endpoint::Chat)).count() >= 80);
    let dialects = [
        "anthropic",
        "bedrock",
        "cohere",
        "deepgram",
        "elevenlabs",
        "fim",
        "gemini",
        "ollama",
        "openai",
        "sagemaker",
        "watsonx",
    ];
    assert!(all().iter().all(|provider| dialects.contains(&provider.dialect)));
}

#[test]
fn bases_are_absolute_urls_that_a_path_can_follow() {
    for provider in all() {
        let Some(base) = provider.api_base else { continue };
        let (scheme, rest) = base.split_once("://").unwrap();
        let host = rest.split('/').next().unwrap();
        let loopback = host.starts_with("127.0.0.1:");
        assert_eq!(scheme, if loopback { "http" } else { "https" }, "{base}");
        assert_eq!(provider.local, loopback, "{base}");
        assert!(loopback || host.contains('.'), "{base}");
        assert!(!rest.ends_with('/') && !rest.contains("//"), "{base}");
        assert!(!base.contains([' ', '?', '#']), "{base}");
        assert_eq!(provider.complete_base(base), base, "a base in the table is complete");
    }
}

#[test]
fn every_part_in_braces_can_be_filled() {
    for provider in all() {
        let forms = provider.paths.iter().flat_map(|form| [form.form, form.listing]);
        let texts = forms.chain(provider.api_base).collect::<Vec<_>>().join(" ");
        for blank in provider.blanks {
            assert!(texts.contains(&format!("{{{}}}", blank.name)), "{texts}");
            assert!(!blank.env.is_empty() || blank.default.is_some(), "{texts}");
        }
        let blanks = provider.blanks.iter().map(|blank| blank.name).chain(["path", "model"]);
        let rest = blanks.fold(texts, |texts, name| texts.replace(&format!("{{{name}}}"), ""));
        assert!(!rest.contains('{'), "{rest}");
    }
}

#[test]
fn environment_names_are_upper_case() {
    let names = |provider: &'static Provider| {
        let blanks = provider.blanks.iter().flat_map(|blank| blank.env);
        provider.key_env.iter().chain(provider.base_env).chain(blanks)
    };
    for name in all().iter().flat_map(names) {
        let upper = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
        assert!(name.len() > 3 && name.bytes().all(upper), "{name}");
    }
}

#[test]
fn a_provider_that_needs_a_key_says_where_it_comes_from() {
    for provider in all() {
        if provider.auth != Auth::None && !provider.key_optional && provider.sign_in.is_none() {
            assert!(!provider.key_env.is_empty(), "{}", provider.id);
        }
        if provider.api_base.is_none() && provider.auth != Auth::None {
            assert!(provider.note.contains("base"), "{} has no base", provider.id);
        }
    }
}

#[test]
fn a_provider_refuses_at_most_one_word_for_the_output_limit() {
    for provider in all() {
        let quirks = provider.quirks;
        assert!(!(quirks.max_tokens && quirks.max_completion_tokens), "{}", provider.id);
        assert!(quirks.developer_role <= (provider.dialect == "openai"), "{}", provider.id);
    }
}

#[test]
fn facts_that_people_rely_on() {
    let check = |id: &str, base: &str, key: &str, auth: Auth, dialect: &str| {
        let provider = find(id).unwrap();
        assert_eq!(provider.api_base, Some(base));
        assert_eq!(provider.key_env[0], key);
        assert_eq!((provider.auth, provider.dialect), (auth, dialect), "{id}");
    };
    check("openai", "https://api.openai.com/v1", "OPENAI_API_KEY", Auth::Bearer, "openai");
    check("anthropic", "https://api.anthropic.com", "ANTHROPIC_API_KEY", Auth::Header("x-api-key"), "anthropic");
    check(
        "gemini",
        "https://generativelanguage.googleapis.com/v1beta",
        "GEMINI_API_KEY",
        Auth::Header("x-goog-api-key"),
        "gemini",
    );
    check("ollama", "http://127.0.0.1:11434", "OLLAMA_API_KEY", Auth::Bearer, "ollama");
    check("cohere", "https://api.cohere.com", "COHERE_API_KEY", Auth::Bearer, "cohere");
    check("groq", "https://api.groq.com/openai/v1", "GROQ_API_KEY", Auth::Bearer, "openai");
    check("perplexity", "https://api.perplexity.ai", "PERPLEXITYAI_API_KEY", Auth::Bearer, "openai");
    check("huggingface", "https://router.huggingface.co/v1", "HUGGINGFACE_API_KEY", Auth::Bearer, "openai");
    check("openrouter", "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY", Auth::Bearer, "openai");
    check("together_ai", "https://api.together.ai/v1", "TOGETHER_API_KEY", Auth::Bearer, "openai");
    check("llamacpp", "http://127.0.0.1:8080/v1", "LLAMACPP_API_KEY", Auth::Bearer, "openai");
}

#[test]
fn quirks_that_requests_depend_on() {
    let quirks = |id| find(id).unwrap().quirks;
    assert!(quirks("openai").developer_role && quirks("openai").max_completion_tokens);
    assert!(quirks("deepseek").keep_reasoning && quirks("deepseek").max_tokens);
    assert!(quirks("publicai").string_content && quirks("parasail").store_false);
    assert!(quirks("mistral").no_stream_options && quirks("streamlake").max_completion_tokens);
    assert!(!quirks("hosted_vllm").max_tokens && !quirks("hosted_vllm").max_completion_tokens);
    let takes_ids = ["openai", "azure", "hosted_vllm", "vllm", "nebius"];
    assert!(takes_ids.into_iter().all(|id| quirks(id).token_ids));
    assert!(!quirks("lm_studio").token_ids && !quirks("mistral").token_ids);
    let mock = find("mock").unwrap();
    assert_eq!((mock.api_base, mock.auth, mock.dialect), (None, Auth::None, "openai"));
    assert!(find("vllm").unwrap().local && find("vllm").unwrap().key_optional);
    assert!(find("openai_like").unwrap().key_optional && !find("openai_like").unwrap().local);
}

#[test]
fn a_model_of_bedrock_says_where_it_is_called_and_how() {
    let bedrock = find("bedrock").unwrap();
    let check = |model: &str, region: Option<&str>, dialect: &str, bare: &str| {
        let found =
            (bedrock.in_model("aws_region_name", model), bedrock.for_model(model).dialect, bedrock.bare_model(model));
        assert_eq!(found, (region, dialect, bare), "{model}");
    };
    check("us.anthropic.claude-x", None, "bedrock", "us.anthropic.claude-x");
    check("us-gov-west-1/amazon.nova", Some("us-gov-west-1"), "bedrock", "us-gov-west-1/amazon.nova");
    check("arn:aws:bedrock:eu-west-1:1:x/y", Some("eu-west-1"), "bedrock", "arn:aws:bedrock:eu-west-1:1:x/y");
    check("arn:aws:bedrock", None, "bedrock", "arn:aws:bedrock");
    check("mymodel-7/x", None, "bedrock", "mymodel-7/x");
    check("converse/anthropic.claude-x", None, "bedrock", "anthropic.claude-x");
    check("invoke/us.anthropic.claude-x", None, "bedrock_anthropic", "us.anthropic.claude-x");
    check("invoke/meta.llama", None, "bedrock", "meta.llama");
}
