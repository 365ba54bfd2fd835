//! Takes secrets out of bodies before they are noted. What may be a secret is masked even if it is none: nobody needs
//! its value to know what was changed.

use serde_json::Value;

use crate::Kind;

/// What stands for a secret.
const MASK: &str = "***";
/// Parts of names of fields that hold secrets.
const SECRET: &[&str] = &[
    "password",
    "secret",
    "api_key",
    "apikey",
    "access_key",
    "token",
    "credential",
    "authorization",
    "private",
    "headers",
];

/// The body of an object without secrets.
pub(super) fn masked(kind: Kind, body: &str) -> String {
    let Ok(mut value) = serde_json::from_str::<Value>(body) else { return MASK.to_owned() };
    match kind {
        // Values of settings may be anything, variables of the environment with keys of providers among them.
        Kind::Setting => hide(&mut value),
        _ => look(&mut value),
    }
    value.to_string()
}

fn look(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let name = name.to_ascii_lowercase();
                match SECRET.iter().any(|part| name.contains(part)) {
                    true => hide(value),
                    false => look(value),
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(look),
        Value::String(text) => {
            // An address may hold a password: `https://me:secret@proxy.example`.
            if text.contains("://") && text.contains('@') {
                MASK.clone_into(text);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Masks every text in a value.
fn hide(value: &mut Value) {
    match value {
        Value::String(text) => MASK.clone_into(text),
        Value::Array(values) => values.iter_mut().for_each(hide),
        Value::Object(fields) => fields.values_mut().for_each(hide),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: Kind, body: &str, expected: &str) {
        let expected: Value = serde_json::from_str(expected).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&masked(kind, body)).unwrap(), expected);
    }

    #[test]
    fn secrets_are_masked_wherever_they_are() {
        check(
            Kind::User,
            r#"{"password":"$argon2id$","user_email":"a@b.example"}"#,
            r#"{"password":"***","user_email":"a@b.example"}"#,
        );
        check(
            Kind::Model,
            r#"{"litellm_params":{"model":"openai/x","api_key":"sk-1","aws_secret_access_key":"s","AWS_Session_Token":"t",
                "extra_headers":{"x-key":"1"},"max_tokens":5,"api_base":"https://u:p@host.example/v1"}}"#,
            r#"{"litellm_params":{"model":"openai/x","api_key":"***","aws_secret_access_key":"***","AWS_Session_Token":"***",
                "extra_headers":{"x-key":"***"},"max_tokens":5,"api_base":"***"}}"#,
        );
        check(
            Kind::Credential,
            r#"{"credential_values":{"base":"x","list":["y",1]},"credential_info":{"a":"b"}}"#,
            r#"{"credential_values":{"base":"***","list":["***",1]},"credential_info":{"a":"***"}}"#,
        );
        check(Kind::Setting, r#"{"SLACK_WEBHOOK_URL":"https://x","n":1}"#, r#"{"SLACK_WEBHOOK_URL":"***","n":1}"#);
        check(
            Kind::Key,
            r#"{"metadata":{"logging":[{"langfuse_secret_key":"s","host":"h"}]}}"#,
            r#"{"metadata":{"logging":[{"langfuse_secret_key":"***","host":"h"}]}}"#,
        );
    }

    #[test]
    fn what_is_no_json_is_not_shown() {
        assert_eq!(masked(Kind::Key, "sk-secret"), MASK);
    }
}
