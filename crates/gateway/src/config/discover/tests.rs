use std::time::UNIX_EPOCH;

use engine::Roll;

use super::{Quick, address, look};
use crate::config::build::World;
use crate::config::{Added, Copies, Loaded};

/// Looks around in an environment, with somebody listening at `open`, if anywhere.
fn discover(quick: &Quick, env: &[(&str, &str)], open: Option<&str>) -> Loaded {
    let env = |name: &str| env.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
    let world = World {
        env: &env,
        roll: &Roll::default(),
        now: UNIX_EPOCH,
        copies: &Copies::default(),
        added: &Added::default(),
    };
    look(quick, &world, &|endpoint| open == Some(endpoint.url().as_str()))
}

#[test]
fn every_provider_with_a_key_is_served() {
    let env = [("OPENAI_API_KEY", "k"), ("GROQ_API_KEY", "g"), ("MISTRAL_API_KEY", ""), ("DATABRICKS_TOKEN", "d")];
    let Loaded { setup, report, found, files, .. } = discover(&Quick::default(), &env, None);
    let setup = setup.unwrap();
    assert!(report.to_string().contains("no master key"), "{report}");
    assert_eq!(
        found,
        [
            "found OPENAI_API_KEY: serving openai/*, aiohttp_openai/*, text-completion-openai/*",
            "found GROQ_API_KEY: serving groq/*",
        ]
    );
    assert_eq!(setup.find("groq/llama-x").unwrap().0.deployments[0].headers["authorization"], "Bearer g");
    assert!(setup.find("mistral/x").is_none() && setup.find("databricks/x").is_none());
    assert!(files.is_empty());
}

#[test]
fn an_ollama_that_answers_is_served() {
    let check = |env: &[(&str, &str)], open: &str, expected: &str| {
        let Loaded { setup, found, .. } = discover(&Quick::default(), env, Some(open));
        assert_eq!(found, [expected]);
        assert_eq!(setup.unwrap().find("ollama/llama3").unwrap().0.deployments[0].endpoint.url(), open);
    };
    let usual = "http://127.0.0.1:11434";
    check(&[], usual, "found Ollama at http://127.0.0.1:11434: serving ollama/*");
    check(&[("OLLAMA_HOST", "0.0.0.0")], usual, "found Ollama at http://127.0.0.1:11434: serving ollama/*");
    check(&[("OLLAMA_HOST", "gpu:9000")], "http://gpu:9000", "found Ollama at http://gpu:9000: serving ollama/*");
}

#[test]
fn with_nothing_there_is_still_a_model() {
    let Loaded { setup, found, .. } = discover(&Quick::default(), &[], None);
    assert_eq!(found, ["found no provider's key and no Ollama: serving the built-in model mock/demo"]);
    assert_eq!(setup.unwrap().groups["mock/demo"].deployments[0].provider, "mock");
}

#[test]
fn flags_describe_one_model() {
    let quick = Quick {
        model: Some("ollama/llama3".to_owned()),
        alias: Some("my \"model\"".to_owned()),
        api_base: Some("http://gpu:11434".to_owned()),
        temperature: Some(0.5),
        max_tokens: Some(100),
        request_timeout: Some(7.5),
        drop_params: true,
    };
    let setup = discover(&quick, &[("OPENAI_API_KEY", "k")], None).setup.unwrap();
    assert_eq!((setup.groups.len(), setup.patterns.len()), (1, 0));
    let deployment = &setup.groups["my \"model\""].deployments[0];
    assert_eq!(deployment.endpoint.url(), "http://gpu:11434");
    assert_eq!(deployment.limits.total.as_millis(), 7500);
    assert!(deployment.drop_params);
    let defaults: Vec<_> = deployment.defaults.iter().map(|(name, raw)| (name.as_str(), raw.get())).collect();
    assert_eq!(defaults, [("temperature", "0.5"), ("max_tokens", "100")]);
    let wrong = Quick { model: Some("opanai/x".to_owned()), ..Quick::default() };
    let Loaded { setup, report, .. } = discover(&wrong, &[], None);
    assert!(setup.is_none());
    assert!(report.to_string().contains("command line:1:"), "{report}");
    assert!(report.to_string().contains("did you mean openai/x?"), "{report}");
}

#[test]
fn addresses_are_read_as_ollama_reads_them() {
    let check = |host: &str, expected: &str| assert_eq!(address(host), expected, "{host}");
    check("127.0.0.1", "http://127.0.0.1:11434");
    check("0.0.0.0:8080", "http://127.0.0.1:8080");
    check(":5000", "http://127.0.0.1:5000");
    check("http://gpu:9000/", "http://gpu:9000");
    check("https://ollama.example", "https://ollama.example:443");
    check("[::]:11434", "http://127.0.0.1:11434");
    check("[fe80::1]:9", "http://[fe80::1]:9");
}
