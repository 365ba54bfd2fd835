use serde_json::json;

use super::super::tests::{ENV, load_with};
use super::*;
use crate::config::Added;

#[test]
fn what_is_secret_is_not_shown() {
    for (name, secret) in [
        ("api_key", true),
        ("aws_secret_access_key", true),
        ("vertex_credentials", true),
        ("extra_headers", true),
        ("aws_access_key_id", true),
        ("aws_secret_access_key", true),
        ("aws_session_token", true),
        ("aws_web_identity_token", true),
        ("password", true),
        ("model", false),
        ("api_base", false),
        ("max_tokens", false),
        ("litellm_credential_name", false),
    ] {
        assert_eq!(is_secret(name, &json!("text")), secret, "{name}");
    }
    assert!(!is_secret("use_key", &json!(true)) && !is_secret("max_key_count", &json!(5)));
}

#[test]
fn entries_are_shown_as_they_were_written() {
    let text = "model_list: [{model_name: a, litellm_params: {model: openai/gpt-4o, api_key: sk-secret-of-file, \
        api_base: os.environ/BASE, rpm: 5, nested: {token: x, fine: 1}}, model_info: {id: own, mode: chat}}]";
    let env = [ENV, &[("BASE", "http://10.0.0.1/v1")]].concat();
    let loaded = load_with(text, &env, &Added::default());
    let shown = &loaded.models[0];
    assert_eq!((shown.id.as_str(), shown.name.as_str(), shown.added), ("own", "a", false));
    let expected =
        json!({ "model": "openai/gpt-4o", "api_base": "os.environ/BASE", "rpm": 5, "nested": { "fine": 1 } });
    assert_eq!(Value::Object(shown.params.clone()), expected);
    assert_eq!(Value::Object(shown.info.clone()), json!({ "id": "own", "mode": "chat" }));
}
