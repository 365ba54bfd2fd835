//! Credentials of Amazon's cloud that hold for a while: of roles, by its security token service, and of the machine or
//! the container that the gateway runs in.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use engine::{AwsGrant, AwsSource, Text};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use providers::aws::{Keys, Request, Scope};
use serde_json::Value;
use types::Secret;

use super::{LONGEST_WORD, USUAL};
use crate::fetch;

/// The version of the security token service.
const VERSION: &str = "2011-06-15";
/// Largest token that is read from a file, bytes.
const LARGEST: u64 = 64 << 10;
/// Most credentials that are needed for another one.
const DEEPEST: usize = 4;

type Fetched = Result<(Keys, Duration), String>;

/// Asks for a credential; says how long it holds.
pub async fn fetch(grant: &AwsGrant, now_ms: i64) -> Fetched {
    at_depth(grant, now_ms, 0).await
}

async fn at_depth(grant: &AwsGrant, now_ms: i64, depth: usize) -> Fetched {
    match grant {
        AwsGrant::Role { url, region, role, session, external_id, with } => {
            let keys = match &**with {
                AwsSource::Keys(keys) => keys.clone(),
                AwsSource::Grant(_) if depth == DEEPEST => return Err("too many roles lead to this one".to_owned()),
                AwsSource::Grant(grant) => Box::pin(at_depth(grant, now_ms, depth + 1)).await?.0,
            };
            let mut fields = vec![
                ("Action", "AssumeRole"),
                ("Version", VERSION),
                ("RoleArn", &**role),
                ("RoleSessionName", &**session),
            ];
            fields.extend(external_id.as_ref().map(|id| ("ExternalId", id.expose())));
            let scope = Scope { region: region.clone(), service: "sts" };
            ask(url, &fields, Some((&keys, &scope)), now_ms).await
        }
        AwsGrant::Identity { url, role, session, token } => {
            let token = read(token)?;
            let fields = [
                ("Action", "AssumeRoleWithWebIdentity"),
                ("Version", VERSION),
                ("RoleArn", &**role),
                ("RoleSessionName", &**session),
                ("WebIdentityToken", token.expose()),
            ];
            ask(url, &fields, None, now_ms).await
        }
        AwsGrant::Container { url, token } => {
            let mut headers = HeaderMap::new();
            if let Some(token) = token {
                headers.insert(AUTHORIZATION, secret(read(token)?.expose())?);
            }
            of_json(&fetch::get(url, headers).await?, now_ms)
        }
        AwsGrant::Machine { url } => machine(url, now_ms).await,
    }
}

/// Asks the machine, which wants a session first: nobody who is led there by somebody else can open one.
async fn machine(url: &str, now_ms: i64) -> Fetched {
    let header =
        |name: &'static str, value: HeaderValue| HeaderMap::from_iter([(HeaderName::from_static(name), value)]);
    let lasts = header("x-aws-ec2-metadata-token-ttl-seconds", HeaderValue::from_static("300"));
    let session = fetch::put(&format!("{url}/latest/api/token"), lasts).await?;
    let session = secret(&String::from_utf8_lossy(&session))?;
    let shown = || header("x-aws-ec2-metadata-token", session.clone());
    let list = format!("{url}/latest/meta-data/iam/security-credentials");
    let roles = fetch::get(&format!("{list}/"), shown()).await?;
    let roles = String::from_utf8_lossy(&roles);
    let role = roles.lines().next().map(str::trim).filter(|role| !role.is_empty());
    let role = role.ok_or("the machine has no role")?;
    if !role.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+=,.@_-".contains(&byte)) {
        return Err("the machine's role has no name".to_owned());
    }
    of_json(&fetch::get(&format!("{list}/{role}"), shown()).await?, now_ms)
}

/// Asks the security token service.
async fn ask(url: &str, fields: &[(&str, &str)], signed: Option<(&Keys, &Scope)>, now_ms: i64) -> Fetched {
    let form = fetch::form(fields);
    let mut headers =
        HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static("text/xml")), (CONTENT_TYPE, fetch::FORM)]);
    if let Some((keys, scope)) = signed {
        let (endpoint, path) = fetch::place(url)?;
        let body = [form.clone().into()];
        let request = Request { method: "POST", host: &endpoint.authority, path: &path, body: &body };
        keys.sign(scope, &request, now_ms, &mut headers)?;
    }
    let (status, body) = fetch::post(url, headers, form).await?;
    let body = String::from_utf8_lossy(&body);
    match status {
        200 => of_xml(&body, now_ms),
        _ => Err(refusal(status, &body)),
    }
}

fn of_json(body: &[u8], now_ms: i64) -> Fetched {
    let json: Value = serde_json::from_slice(body).map_err(|_| "the answer is not JSON".to_owned())?;
    made(|name| json[name].as_str().map(str::to_owned), "Token", now_ms)
}

fn of_xml(body: &str, now_ms: i64) -> Fetched {
    made(|name| element(body, name).map(str::to_owned), "SessionToken", now_ms)
}

/// A credential from the fields of an answer.
fn made(field: impl Fn(&str) -> Option<String>, token: &str, now_ms: i64) -> Fetched {
    let (Some(id), Some(secret)) = (field("AccessKeyId"), field("SecretAccessKey")) else {
        return Err("the answer holds no credential".to_owned());
    };
    let keys = Keys::new(&id, Secret::new(secret), field(token).map(Secret::new))?;
    let holds = match field("Expiration") {
        None => USUAL,
        Some(text) => {
            let until: Timestamp = text.parse().map_err(|_| "the answer says no time".to_owned())?;
            let left = until.as_millisecond().saturating_sub(now_ms);
            Duration::from_millis(u64::try_from(left).unwrap_or_default())
        }
    };
    if holds.is_zero() {
        return Err("the credential has ended already".to_owned());
    }
    Ok((keys, holds))
}

/// The text of the first element of this name. Names, keys and times have nothing in them that XML writes otherwise.
fn element<'x>(xml: &'x str, name: &str) -> Option<&'x str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    Some(text.trim())
}

/// Why there is none, in Amazon's words, which name who asked and never a secret.
fn refusal(status: u16, body: &str) -> String {
    let code = element(body, "Code").unwrap_or_default();
    // What it would have signed itself holds the token of who asks.
    let said = element(body, "Message").filter(|_| code != "SignatureDoesNotMatch").unwrap_or_default();
    let words = format!("{code}: {said}");
    let words: String = words.chars().filter(|c| !c.is_control()).take(LONGEST_WORD).collect();
    match words.trim_matches([':', ' ']) {
        "" => format!("the answer has status {status}"),
        words => format!("status {status}, {words}"),
    }
}

/// A text that is known, or is in a file now.
pub fn read(text: &Text) -> Result<Secret, String> {
    match text {
        Text::Said(text) => Ok(text.clone()),
        Text::File(path) => read_file(path),
    }
}

/// What is in a file now.
pub fn read_file(path: &Path) -> Result<Secret, String> {
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(LARGEST).read_to_string(&mut text));
    read.map(|_| Secret::new(text.trim())).map_err(|error| format!("{} cannot be read: {error}", path.display()))
}

fn secret(text: &str) -> Result<HeaderValue, String> {
    let mut value = HeaderValue::from_str(text.trim()).map_err(|_| "the token cannot be put into a header")?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_873_500_000;

    #[test]
    fn an_answer_is_a_credential_and_when_it_ends() {
        let told = |fetched: Fetched| fetched.map(|(keys, holds)| (keys.id().to_owned(), holds.as_secs()));
        let xml = "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult><Credentials>\n\
                   <AccessKeyId>ASIA1</AccessKeyId><SecretAccessKey>canary</SecretAccessKey><SessionToken>t/+=</SessionToken>\n\
                   <Expiration>2026-11-28T14:45:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>";
        assert_eq!(told(of_xml(xml, NOW)), Ok(("ASIA1".to_owned(), 3600)));
        let json = r#"{"Code":"Success","AccessKeyId":"ASIA2","SecretAccessKey":"canary","Token":"t"}"#;
        assert_eq!(told(of_json(json.as_bytes(), NOW)), Ok(("ASIA2".to_owned(), 300)));
        for (wrong, why) in [
            (xml.replace("2026-11-28T14", "2026-11-28T12"), "ended"),
            (xml.replace("SecretAccessKey", "Other"), "no credential"),
            (xml.replace("2026-11-28T14:45:00Z", "soon"), "no time"),
        ] {
            let trouble = of_xml(&wrong, NOW).unwrap_err();
            assert!(trouble.contains(why) && !trouble.contains("canary"), "{trouble}");
        }
    }

    #[test]
    fn a_refusal_is_told_in_amazons_words_but_for_what_it_would_have_signed() {
        let said = |code: &str| format!("<Error><Code>{code}</Code><Message>no canary\nfor you</Message></Error>");
        assert_eq!(refusal(403, &said("AccessDenied")), "status 403, AccessDenied: no canaryfor you");
        assert_eq!(refusal(403, &said("SignatureDoesNotMatch")), "status 403, SignatureDoesNotMatch");
        assert_eq!(refusal(500, "<html>"), "the answer has status 500");
    }
}
