//! The command line: checking a file, listing providers, starting with nothing, and failing clearly.

use std::path::PathBuf;

use crate::backs::{Config, mock};
use crate::callers::Front;
use crate::client::Line;
use crate::gateway::{Folder, Gateway, lockgate, run};

/// Where the files lie that users bring.
fn samples() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/samples")
}

async fn check(file: &std::path::Path, environment: &[(&str, &str)]) -> (Option<i32>, String, String) {
    let file = file.to_str().expect("an ordinary path");
    run(lockgate(&["check", file]).envs(environment.iter().copied())).await
}

#[tokio::test]
async fn the_files_that_users_bring_pass_the_check() {
    let keys = [("OPENAI_API_KEY", "sk-one"), ("ANTHROPIC_API_KEY", "sk-two")];
    for (name, models, deployments) in
        [("three-providers.yaml", 3, 3), ("high-reliability.yaml", 1, 2), ("local-first.yaml", 5, 5)]
    {
        let (code, said, complained) = check(&samples().join(name), &keys).await;
        assert_eq!(code, Some(0), "{name}: {said}{complained}");
        let sum = format!("{models} models on {deployments} deployments");
        assert!(said.contains(&sum), "{name}: {said}");
        assert!(!said.contains("sk-"), "{name}: a key is shown: {said}");
    }
}

#[tokio::test]
async fn a_key_that_is_not_there_is_a_warning_that_names_it() {
    let (code, said, _) = check(&samples().join("three-providers.yaml"), &[]).await;
    assert_eq!(code, Some(0), "{said}");
    for name in ["OPENAI_API_KEY", "ANTHROPIC_API_KEY"] {
        assert!(said.contains(name), "{name} is not named: {said}");
    }
}

#[tokio::test]
async fn a_setting_without_effect_is_a_warning() {
    let (code, said, _) = check(&samples().join("local-first.yaml"), &[]).await;
    assert_eq!(code, Some(0), "{said}");
    let word = "database_url";
    assert!(said.to_lowercase().contains(word), "{word} is passed over in silence: {said}");
}

#[tokio::test]
async fn a_broken_file_fails_with_line_and_remedy() {
    let folder = Folder::new();
    let good = "model_list:\n  - model_name: demo\n    litellm_params:\n      model: openai/demo\n      api_key: k\n";
    for (what, text, line, word) in [
        ("no YAML", format!("{good}  - model_name: [\n"), 6, ""),
        ("a tab", format!("{good}\trouter_settings: {{}}\n"), 6, "tab"),
        ("a misspelt provider", good.replace("openai/", "opneai/"), 4, "openai"),
        ("a model without a provider's name", good.replace("openai/demo", "nobody-knows-it"), 4, "provider"),
        ("no model", good.replace("      model: openai/demo\n", ""), 3, "model"),
        ("a misspelt section", format!("{good}router_setings: {{}}\n"), 6, "router_settings"),
        ("a fallback to nowhere", format!("{good}router_settings:\n  fallbacks: [{{demo: [dmeo]}}]\n"), 7, "demo"),
        ("a wrong type", format!("{good}router_settings:\n  num_retries: many\n"), 7, "num_retries"),
        ("a bad address", good.replace("api_key: k", "api_base: ftp://example.com"), 5, "http"),
    ] {
        let file = folder.write("broken.yaml", &text);
        let (code, said, complained) = check(&file, &[]).await;
        let all = format!("{said}{complained}");
        let places = [format!("line {line}"), format!(":{line}:")];
        assert!(places.iter().any(|place| all.contains(place)), "{what}: line {line} is not named: {all}");
        assert!(all.contains(word), "{what}: {word} is not named: {all}");
        let is_warning = what == "a misspelt section" || what == "a fallback to nowhere";
        assert!(code == Some(1) || is_warning && code == Some(0), "{what}: exit code {code:?}: {all}");
    }
}

#[tokio::test]
async fn a_file_that_is_not_there_is_said_not_to_be_there() {
    let missing = Folder::new().path().join("nothing.yaml");
    let (code, said, complained) = check(&missing, &[]).await;
    let all = format!("{said}{complained}");
    assert_eq!(code, Some(1), "{all}");
    assert!(all.contains("nothing.yaml"), "{all}");
    let missing = missing.to_str().expect("an ordinary path");
    let (code, _, complained) = run(&mut lockgate(&["--config", missing, "--port", "0"])).await;
    assert_eq!(code, Some(1), "{complained}");
    assert!(complained.contains("nothing.yaml"), "{complained}");
}

#[tokio::test]
async fn providers_are_listed_with_their_keys() {
    let (code, said, _) = run(&mut lockgate(&["providers"])).await;
    assert_eq!(code, Some(0));
    assert!(said.lines().count() >= 100, "{said}");
    for (id, key) in [("openai ", "OPENAI_API_KEY"), ("anthropic ", "ANTHROPIC_API_KEY"), ("ollama ", ":11434")] {
        let line = said.lines().find(|line| line.starts_with(id)).unwrap_or_else(|| panic!("no {id}in {said}"));
        assert!(line.contains(key), "{line}");
    }
    let (code, text, _) = run(&mut lockgate(&["providers", "--json"])).await;
    let all: Vec<serde_json::Value> = serde_json::from_str(&text).expect("it is JSON");
    assert_eq!((code, all.len()), (Some(0), said.lines().count()));
    let azure = all.iter().find(|one| one["id"] == "azure").expect("it is one of them");
    assert_eq!((&azure["auth"], &azure["dialect"]), (&"api-key".into(), &"openai".into()), "{azure}");
    let (code, table, _) = run(&mut lockgate(&["providers", "--markdown"])).await;
    assert_eq!((code, table.contains("| `openai` |")), (Some(0), true), "{table}");
}

#[tokio::test]
async fn without_any_configuration_it_answers_by_itself_and_to_this_machine_alone() {
    let gateway = Gateway::spawn(Folder::new(), &[], &[]).await;
    assert!(gateway.addr.ip().is_loopback(), "{}", gateway.addr);
    for front in Front::ALL {
        for stream in [false, true] {
            let answer = gateway.call(&front.call("mock/demo", "hello", stream)).await;
            let heard = front.hear(&answer);
            assert!(heard.is_success() && heard.text.contains("hello"), "{}", answer.text());
        }
    }
    assert!(gateway.said().contains("mock/demo"), "{}", gateway.said());
    assert!(gateway.said().contains("try: curl "), "{}", gateway.said());
    // Nobody else on the network gets in, even if the port is the same.
    for other in elsewhere() {
        assert!(Line::connect((other, gateway.addr.port()).into()).await.is_err(), "it listens on {other} too");
    }
}

#[tokio::test]
async fn variables_that_are_set_to_nothing_count_as_not_set() {
    let names = ["CONFIG_FILE_PATH", "HOST", "NUM_WORKERS", "DEBUG", "SSL_KEYFILE_PATH", "SSL_CERTFILE_PATH"];
    let gateway = Gateway::spawn(Folder::new(), &[], &names.map(|name| (name, ""))).await;
    assert!(gateway.said().contains("mock/demo"), "{}", gateway.said());
    let (code, said, complained) = run(lockgate(&["serve", "--config", "gone.yaml"]).env("PORT", "")).await;
    assert_eq!((code, said.as_str()), (Some(1), ""), "{complained}");
    assert!(complained.contains("gone.yaml"), "{complained}");
}

#[tokio::test]
async fn checking_without_a_file_starts_nothing() {
    let (code, said, complained) = run(&mut lockgate(&["--validate_config", "--port", "0"])).await;
    assert_eq!((code, said.as_str()), (Some(1), ""), "{complained}");
    assert!(complained.contains("--config"), "{complained}");
}

/// Addresses of this machine that are not the usual loopback one.
fn elsewhere() -> Vec<std::net::IpAddr> {
    let probe = std::net::UdpSocket::bind("0.0.0.0:0").and_then(|socket| {
        // No packet is sent: the system only looks up which of its addresses it would use.
        socket.connect("192.0.2.1:9")?;
        socket.local_addr()
    });
    let outer = probe.ok().map(|addr| addr.ip()).filter(|ip| !ip.is_loopback());
    outer.into_iter().chain(["127.0.0.2".parse().expect("an address")]).collect()
}

#[tokio::test]
async fn the_keys_it_finds_are_announced_by_name_and_never_shown() {
    let keys = [
        ("OPENAI_API_KEY", "sk-canary-one"),
        ("ANTHROPIC_API_KEY", "sk-canary-two"),
        ("GROQ_API_KEY", "sk-canary-three"),
    ];
    let gateway = Gateway::spawn(Folder::new(), &[], &keys).await;
    let said = gateway.said();
    for name in ["OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GROQ_API_KEY"] {
        assert!(said.contains(name), "{name} is not announced: {said}");
    }
    assert!(!said.contains("canary") && !gateway.log().contains("canary"), "a key is shown");
    let models = gateway.call(&crate::client::Call::get("/v1/models")).await.text();
    for prefix in ["openai/", "anthropic/", "groq/"] {
        assert!(models.contains(prefix), "no models of {prefix}: {models}");
    }
}

#[tokio::test]
async fn one_model_can_be_served_from_flags_alone() {
    let provider = mock("").await;
    let base = format!("{}/v1", provider.url());
    let flags =
        ["--model", "openai/demo", "--alias", "mine", "--api_base", &base, "--temperature", "0.5", "--max_tokens", "7"];
    let gateway = Gateway::spawn(Folder::new(), &flags, &[("OPENAI_API_KEY", "sk-one")]).await;
    let answer = gateway.call(&Front::Chat.call("mine", "hello", false)).await;
    assert!(Front::Chat.hear(&answer).is_success(), "{}", answer.text());
    let seen = provider.requests();
    assert_eq!(seen.len(), 1);
    assert_eq!((seen[0].json()["temperature"].as_f64(), seen[0].json()["model"].as_str()), (Some(0.5), Some("demo")));
}

#[tokio::test]
async fn a_port_that_is_taken_is_a_clear_error() {
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let port = taken.local_addr().expect("it is bound").port().to_string();
    let provider = mock("").await;
    let folder = Folder::new();
    let file = folder.write("config.yaml", &Config::of(&provider).yaml());
    let file = file.to_str().expect("an ordinary path");
    let flags = ["--config", file, "--host", "127.0.0.1", "--port", &port];
    let (code, _, complained) = run(&mut lockgate(&flags)).await;
    assert_eq!(code, Some(1), "{complained}");
    assert!(complained.contains(&port) && complained.contains("--port"), "{complained}");
}

#[tokio::test]
async fn a_second_gateway_on_the_same_port_is_refused_although_workers_share_it() {
    let provider = mock("").await;
    let first = Gateway::start(&Config::of(&provider).yaml()).await;
    let port = first.addr.port().to_string();
    let (code, _, complained) = run(&mut lockgate(&["--port", &port, "--host", "127.0.0.1"])).await;
    assert_eq!(code, Some(1), "{complained}");
}

#[tokio::test]
async fn words_that_are_no_flags_are_refused_with_the_usage() {
    for arguments in [&["--no-such-flag"][..], &["check"], &["no-such-verb"], &["--port", "many"], &["--port", "70000"]]
    {
        let (code, _, complained) = run(&mut lockgate(arguments)).await;
        assert_eq!(code, Some(2), "{arguments:?}: {complained}");
        assert!(complained.contains("--help"), "{arguments:?}: {complained}");
    }
}
