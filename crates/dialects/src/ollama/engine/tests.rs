use super::*;

#[test]
fn what_runs_is_read_as_ollama_writes_it() {
    let body = br#"{"models":[{"name":"llama3:8b","model":"llama3:8b","size":6654289920,"digest":"365c","details":{},
        "expires_at":"2026-06-04T14:38:31.8-07:00","size_vram":6654289920,"context_length":8192},{"name":"bare"}]}"#;
    let running = Ollama.read_running(body).unwrap();
    let expires_at = "2026-06-04T14:38:31.8-07:00".to_owned();
    let first = Running { model: "llama3:8b".to_owned(), num_ctx: 8_192, vram_bytes: 6_654_289_920, expires_at };
    let bare = Running { model: "bare:latest".to_owned(), num_ctx: 0, vram_bytes: 0, expires_at: String::new() };
    assert_eq!(running, [first, bare]);
    assert!(Ollama.read_running(b"{}").is_err() && Ollama.read_running(b"<html>").is_err());
}

#[test]
fn loading_and_unloading_are_chats_without_messages() {
    let forever = Raw::new("-1".to_owned());
    let load = Ollama.load("llama3", 8_192, Some(&forever));
    let expected = r#"{"model":"llama3","messages":[],"stream":false,"keep_alive":-1,"options":{"num_ctx":8192}}"#;
    assert_eq!((load.path, &*load.body), ("/api/chat", expected.as_bytes()));
    let unload = Ollama.unload("llama3");
    assert_eq!(&*unload.body, br#"{"model":"llama3","messages":[],"stream":false,"keep_alive":0}"#);
}

#[test]
fn the_largest_context_is_that_of_the_architecture() {
    let context = |facts: &str| Ollama.read_context(format!("{{\"model_info\":{facts}}}").as_bytes());
    assert_eq!(context(r#"{"general.architecture":"llama","llama.context_length":131072}"#), Some(131_072));
    assert_eq!(context(r#"{"context_length":1}"#), None);
    assert_eq!(context("[]"), None);
    assert_eq!(Ollama.read_context(b"no json"), None);
}

#[test]
fn names_without_a_tag_mean_the_latest() {
    for (name, full) in [
        ("llama3", "llama3:latest"),
        ("llama3:8b", "llama3:8b"),
        ("hf.co/some/model", "hf.co/some/model:latest"),
        ("registry:5000/model", "registry:5000/model:latest"),
    ] {
        assert_eq!(Ollama.full_name(name), full);
    }
}

#[test]
fn models_of_the_cloud_run_elsewhere() {
    for (host, model, runs) in [
        ("127.0.0.1", "llama3", true),
        ("127.0.0.1", "gpt-oss:120b-cloud", false),
        ("ollama.com", "llama3", false),
        ("api.ollama.com", "llama3", false),
        ("myollama.com", "llama3", true),
    ] {
        assert_eq!(Ollama.runs(host, model), runs, "{host} {model}");
    }
}
