//! Fetches the tokens that take the place of providers' keys, each long before the last one ends; the way to wait, and what
//! failed, is the token's own business ([`engine::AccessToken`]).

mod aws;

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use engine::{AccessToken, Fetched, Grant};
use http::{HeaderMap, HeaderName, HeaderValue};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::sleep;
use types::Secret;

use crate::books::unix_ms;
use crate::fetch;
use crate::live::Live;

/// How often it is looked whether a token is due.
const LOOK: Duration = Duration::from_millis(500);
/// How long a statement holds that a token is asked for with, seconds: what Google allows.
const STATED: i64 = 3_600;
/// How long a token holds that does not say so, and how long one is believed at most.
const USUAL: Duration = Duration::from_secs(300);
const LONGEST: Duration = Duration::from_secs(24 * 3_600);
/// Longest word of an issuer that is told.
const LONGEST_WORD: usize = 200;
/// What such a statement is, in RFC 7523's words.
const ASSERTION: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// What an issuer answers (RFC 6749, 5.1).
#[derive(Deserialize)]
struct Answer {
    access_token: String,
    /// Seconds; Azure's machines write them as a text.
    expires_in: Option<Value>,
}

/// Keeps all tokens that somebody needs for as long as the gateway runs.
pub async fn follow(live: Arc<Live>) {
    loop {
        for token in live.access_tokens().all() {
            if token.take_turn() {
                // One issuer that is slow keeps nobody else waiting.
                tokio::spawn(renew(token));
            }
        }
        sleep(LOOK).await;
    }
}

async fn renew(token: Arc<AccessToken>) {
    let fetched = fetch(&token.grant).await;
    match &fetched {
        Ok(_) if token.trouble().is_some() => tracing::warn!("{} gives access tokens again", token.grant.url()),
        Ok(_) => {}
        Err(why) => tracing::error!("no access token from {}: {why}", token.grant.url()),
    }
    token.put(fetched);
}

/// Asks for a token; says how long it holds.
async fn fetch(grant: &Grant) -> Result<(Fetched, Duration), String> {
    let (status, body) = match grant {
        Grant::Form { url, fields } => {
            let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.expose())).collect();
            fetch::post(url, HeaderMap::new(), fetch::form(&fields)).await?
        }
        Grant::Assertion { url, issuer, key_id, key, scope } => {
            let assertion = state(url, issuer, key_id.as_deref(), key, scope, unix_ms() / 1_000)?;
            let fields = [("grant_type", ASSERTION), ("assertion", &*assertion)];
            fetch::post(url, HeaderMap::new(), fetch::form(&fields)).await?
        }
        Grant::Machine { url, header: (name, value) } => {
            let header = (HeaderName::from_static(name), HeaderValue::from_static(value));
            (200, fetch::get(url, HeaderMap::from_iter([header])).await?)
        }
        Grant::Aws(grant) => {
            let (keys, holds) = aws::fetch(grant, unix_ms()).await?;
            return Ok((Fetched::Keys(keys), holds.min(LONGEST)));
        }
    };
    read(status, &body).map(|(token, holds)| (Fetched::Token(token), holds))
}

/// The statement of who asks, signed.
fn state(url: &str, issuer: &str, key_id: Option<&str>, key: &Secret, scope: &str, now: i64) -> Result<String, String> {
    let none = || "the private key of the credentials is none".to_owned();
    let key = PrivateKeyDer::from_pem_slice(key.expose().as_bytes()).map_err(|_| none())?;
    let key = match &key {
        PrivateKeyDer::Pkcs8(der) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()),
        PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()),
        _ => return Err(none()),
    };
    let key = key.map_err(|_| none())?;
    let mut header = json!({ "alg": "RS256", "typ": "JWT" });
    if let Some(id) = key_id {
        header["kid"] = json!(id);
    }
    let claims = json!({ "iss": issuer, "scope": scope, "aud": url, "iat": now, "exp": now + STATED });
    let said = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string())).join(".");
    let mut signature = vec![0; key.public_modulus_len()];
    let signed = key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), said.as_bytes(), &mut signature);
    signed.map_err(|_| "the private key of the credentials cannot sign".to_owned())?;
    Ok(format!("{said}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

fn read(status: u16, body: &[u8]) -> Result<(Secret, Duration), String> {
    if status != 200 {
        return Err(refusal(status, body));
    }
    let answer: Answer = serde_json::from_slice(body).map_err(|_| "the answer holds no access token".to_owned())?;
    let seconds = answer.expires_in.as_ref().and_then(|seconds| {
        seconds.as_f64().or_else(|| seconds.as_str().and_then(|seconds| seconds.trim().parse().ok()))
    });
    let holds = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).unwrap_or(USUAL);
    Ok((Secret::new(answer.access_token), holds.min(LONGEST)))
}

/// Why there is none, in the issuer's words (RFC 6749, 5.2). They name the account, never a secret.
fn refusal(status: u16, body: &[u8]) -> String {
    let json: Value = serde_json::from_slice(body).unwrap_or_default();
    let words = ["error", "error_description"].map(|name| json.get(name).and_then(Value::as_str).unwrap_or_default());
    let words = words.join(": ");
    let words: String = words.chars().filter(|c| !c.is_control()).take(LONGEST_WORD).collect();
    match words.trim_matches([':', ' ']) {
        "" => format!("the answer has status {status}"),
        words => format!("status {status}, {words}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_says_how_long_its_token_holds_as_a_number_or_a_text() {
        let holds = |body: &str| read(200, body.as_bytes()).map(|(token, holds)| (token.expose().to_owned(), holds));
        let expected = |seconds| Ok(("t".to_owned(), Duration::from_secs(seconds)));
        assert_eq!(holds(r#"{"access_token":"t","expires_in":3599,"token_type":"Bearer"}"#), expected(3599));
        assert_eq!(holds(r#"{"access_token":"t","expires_in":"86399"}"#), expected(86_399));
        assert_eq!(holds(r#"{"access_token":"t"}"#), expected(300));
        assert_eq!(holds(r#"{"access_token":"t","expires_in":-1}"#), expected(300));
        assert_eq!(holds(r#"{"access_token":"t","expires_in":1e12}"#), expected(86_400));
        assert_eq!(holds("{}"), Err("the answer holds no access token".to_owned()));
    }

    #[test]
    fn a_refusal_is_told_in_the_issuers_words() {
        let check = |body: &str, expected: &str| assert_eq!(refusal(401, body.as_bytes()), expected);
        let azure =
            r#"{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret.\r\nTrace"}"#;
        check(azure, "status 401, invalid_client: AADSTS7000215: Invalid client secret.Trace");
        check(r#"{"error":"invalid_grant"}"#, "status 401, invalid_grant");
        check("<html>", "the answer has status 401");
    }

    #[test]
    fn a_key_that_is_none_is_told_of_without_its_text() {
        let trouble = state("u", "i", None, &Secret::new("s3cret"), "s", 0).unwrap_err();
        assert_eq!(trouble, "the private key of the credentials is none");
    }
}
