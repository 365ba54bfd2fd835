//! Fetches the tokens that take the place of providers' keys, each long before the last one ends; the way to wait, and what
//! failed, is the token's own business ([`engine::AccessToken`]).

mod aws;

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use engine::{AccessToken, Fetched, Grant, Subject, SubjectSource, Text};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
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

/// Names of the token in answers: the standard's (RFC 6749, 5.1), and what others call it.
const TOKENS: [&str; 3] = ["access_token", "accessToken", "token"];
/// When it ends, likewise: a moment in seconds or milliseconds, or in words.
const ENDS: [&str; 3] = ["expires_at", "expires_on", "expireTime"];
/// Moments from here on are written in milliseconds: as seconds they would be thousands of years away.
const MILLISECONDS: f64 = 1e11;
/// What is put in the place of this word is another one for each request.
const EACH: &str = "<each>";

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
        Grant::Form { url, headers, fields } => {
            let read = |(name, text): &(&'static str, Text)| Ok((*name, aws::read(text)?));
            let fields = fields.iter().map(read).collect::<Result<Vec<_>, String>>()?;
            let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.expose())).collect();
            fetch::post(url, shown(headers)?, fetch::form(&fields)).await?
        }
        Grant::Assertion { url, issuer, key_id, key, scope } => {
            let assertion = state(url, issuer, key_id.as_deref(), key, scope, unix_ms() / 1_000)?;
            let fields = [("grant_type", ASSERTION), ("assertion", &*assertion)];
            fetch::post(url, HeaderMap::new(), fetch::form(&fields)).await?
        }
        Grant::Machine { url, headers } => (200, fetch::get(url, shown(headers)?).await?),
        Grant::Exchange { url, fields, subject } => {
            let subject = vouched(subject).await?;
            let mut fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.expose())).collect();
            fields.push(("subject_token", subject.expose()));
            fetch::post(url, HeaderMap::new(), fetch::form(&fields)).await?
        }
        Grant::Impersonated { url, scope, with } => {
            let (Fetched::Token(own), _) = Box::pin(fetch(with)).await? else {
                return Err("who acts as the account has no token".to_owned());
            };
            let headers = HeaderMap::from_iter([(AUTHORIZATION, hidden(&format!("Bearer {}", own.expose()))?)]);
            let body = json!({ "scope": [scope], "lifetime": format!("{STATED}s") });
            fetch::post_json(url, headers, body.to_string()).await?
        }
        Grant::Aws(grant) => {
            let (keys, holds) = aws::fetch(grant, unix_ms()).await?;
            return Ok((Fetched::Keys(keys), holds.min(LONGEST)));
        }
    };
    read(status, &body, unix_ms()).map(|(token, holds)| (Fetched::Token(token), holds))
}

/// Headers as they are sent.
fn shown(headers: &[(&'static str, Secret)]) -> Result<HeaderMap, String> {
    let one = |(name, value): &(&'static str, Secret)| {
        let value = value.expose().replace(EACH, &number_of_a_request()?);
        Ok((HeaderName::from_static(name), hidden(&value)?))
    };
    headers.iter().map(one).collect()
}

/// A version 4 UUID.
fn number_of_a_request() -> Result<String, String> {
    let mut bytes = [0u8; 16];
    SystemRandom::new().fill(&mut bytes).map_err(|_| "there is no randomness".to_owned())?;
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok([&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-"))
}

fn hidden(text: &str) -> Result<HeaderValue, String> {
    let value = HeaderValue::from_str(text);
    let mut value = value.map_err(|_| "a credential has characters that no header may have".to_owned())?;
    value.set_sensitive(true);
    Ok(value)
}

/// What another issuer says of us, as it is now.
async fn vouched(subject: &Subject) -> Result<Secret, String> {
    let text = match &subject.source {
        SubjectSource::File(path) => aws::read_file(path)?,
        SubjectSource::Url { url, headers } => {
            let one = |(name, value): &(String, Secret)| {
                let name = HeaderName::from_bytes(name.as_bytes());
                let name = name.map_err(|_| "the credentials name a header that is none".to_owned())?;
                Ok::<_, String>((name, hidden(value.expose())?))
            };
            let headers = headers.iter().map(one).collect::<Result<HeaderMap, _>>()?;
            let body = fetch::get(url, headers).await?;
            Secret::new(String::from_utf8_lossy(&body).trim())
        }
    };
    let Some(field) = &subject.field else { return Ok(text) };
    let json: Value = serde_json::from_str(text.expose()).unwrap_or_default();
    let found = json.get(field).and_then(Value::as_str);
    found.map(Secret::new).ok_or_else(|| "the token of the workload is not where the credentials say".to_owned())
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

fn read(status: u16, body: &[u8], now_ms: i64) -> Result<(Secret, Duration), String> {
    if status != 200 && status != 201 {
        return Err(refusal(status, body));
    }
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    let token = TOKENS.iter().find_map(|name| answer.get(name)?.as_str()).filter(|token| !token.is_empty());
    let token = token.ok_or_else(|| "the answer holds no access token".to_owned())?;
    let left = ENDS.iter().find_map(|name| ends(answer.get(name)?, now_ms));
    let seconds = answer.get("expires_in").and_then(number).or(left);
    let holds = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).unwrap_or(USUAL);
    Ok((Secret::new(token), holds.min(LONGEST)))
}

/// Azure's machines write numbers as texts.
fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// How many seconds are left until a moment.
fn ends(value: &Value, now_ms: i64) -> Option<f64> {
    let at_ms = match number(value) {
        Some(at) if at > MILLISECONDS => at,
        Some(at) => at * 1_000.0,
        None => value.as_str()?.parse::<Timestamp>().ok()?.as_millisecond() as f64,
    };
    Some((at_ms - now_ms as f64) / 1_000.0)
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
        let holds = |body: &str| {
            read(200, body.as_bytes(), 1_000_000_000_000).map(|(token, holds)| (token.expose().to_owned(), holds))
        };
        let expected = |seconds| Ok(("t".to_owned(), Duration::from_secs(seconds)));
        assert_eq!(holds(r#"{"access_token":"t","expires_in":3599,"token_type":"Bearer"}"#), expected(3599));
        assert_eq!(holds(r#"{"access_token":"t","expires_in":"86399"}"#), expected(86_399));
        assert_eq!(holds(r#"{"access_token":"t"}"#), expected(300));
        assert_eq!(holds(r#"{"access_token":"t","expires_in":-1}"#), expected(300));
        assert_eq!(holds(r#"{"access_token":"t","expires_in":1e12}"#), expected(86_400));
        assert_eq!(holds(r#"{"token":"t","expires_at":1000000060}"#), expected(60));
        assert_eq!(holds(r#"{"access_token":"t","expires_at":1000000060000}"#), expected(60));
        assert_eq!(holds(r#"{"access_token":"t","expires_on":"1000000060"}"#), expected(60));
        assert_eq!(holds(r#"{"accessToken":"t","expireTime":"2001-09-09T01:47:40Z"}"#), expected(60));
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
