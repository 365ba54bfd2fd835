//! Google's credentials: a service account, a person, a workload elsewhere that Google trusts, or those of the machine.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use engine::{Grant, Subject, SubjectSource, Text};
use providers::Blank;
use serde_json::Value;
use types::Secret;

use super::{Means, SignOn, Trouble};

/// Largest file of credentials, bytes.
const LARGEST: u64 = 64 << 10;
/// Where Google's services ask for tokens unless the credentials say otherwise.
pub(super) const TOKENS: &str = "https://oauth2.googleapis.com/token";
/// Where those of others are exchanged.
const EXCHANGE: &str = "https://sts.googleapis.com/v1/token";
/// Everything in the cloud that the account has a right to.
const CLOUD: &str = "https://www.googleapis.com/auth/cloud-platform";
/// Where a machine of Google's cloud asks for its own, and how it shows that it means to.
const MACHINE: &str = "metadata.google.internal";
const HEADER: (&str, &str) = ("metadata-flavor", "Google");
/// What `gcloud auth application-default login` leaves in the home folder.
const HOME: &str = ".config/gcloud/application_default_credentials.json";
/// Kinds of credentials that are known.
const KINDS: &str = "service_account, authorized_user, external_account or impersonated_service_account";
/// Most accounts that act as another one.
const DEEPEST: usize = 2;

/// How it is signed in to with the credentials that the operator names, or others that are there.
pub(super) fn find(
    credentials: Blank,
    scope: &str,
    given: impl Fn(&str) -> Option<String>,
    env: impl Fn(&str) -> Option<String>,
) -> Result<SignOn, Trouble> {
    let found = given(credentials.param).or_else(|| credentials.usual(&env));
    let (grant, project) = of_google(found, scope, &env)?;
    Ok(SignOn { means: Means::Token(grant), project })
}

/// What a token of Google's is asked for with: with these credentials, or with those of whoever works here, or of the machine.
/// The project that they belong to, if they say so.
pub fn of_google(
    credentials: Option<String>,
    scope: &str,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<(Grant, Option<String>), Trouble> {
    let in_home = || {
        let file = PathBuf::from(env("HOME")?).join(HOME);
        file.is_file().then(|| file.to_string_lossy().into_owned())
    };
    let Some(found) = credentials.or_else(in_home) else {
        let host = env("GCE_METADATA_HOST").filter(|host| !host.is_empty());
        let host = host.unwrap_or_else(|| MACHINE.to_owned());
        let url = format!("http://{host}/computeMetadata/v1/instance/service-accounts/default/token");
        return Ok((Grant::Machine { url, headers: vec![(HEADER.0, Secret::new(HEADER.1))] }, None));
    };
    let text = if found.trim_start().starts_with('{') { found } else { read(Path::new(found.trim()))? };
    let json: Value = serde_json::from_str(&text).map_err(|_| "Google's credentials are not JSON".to_owned())?;
    let grant = grant(&json, scope, DEEPEST)?;
    Ok((grant, text_of(&json, "project_id").or_else(|| text_of(&json, "quota_project_id"))))
}

fn text_of(json: &Value, name: &str) -> Option<String> {
    json.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn grant(json: &Value, scope: &str, deepest: usize) -> Result<Grant, Trouble> {
    let field = |name: &str| text_of(json, name);
    let needed = |name: &str| field(name).ok_or_else(|| format!("Google's credentials lack {name}"));
    let url = || field("token_uri").unwrap_or_else(|| TOKENS.to_owned());
    match field("type").as_deref() {
        Some("service_account") => Ok(Grant::Assertion {
            url: url(),
            issuer: needed("client_email")?,
            key_id: field("private_key_id"),
            key: Secret::new(needed("private_key")?),
            scope: scope.to_owned(),
        }),
        Some("authorized_user") => {
            let mut fields = vec![("grant_type", Text::Said(Secret::new("refresh_token")))];
            for name in ["client_id", "client_secret", "refresh_token"] {
                fields.push((name, Text::Said(Secret::new(needed(name)?))));
            }
            Ok(Grant::Form { url: url(), headers: Vec::new(), fields })
        }
        Some("external_account") => external(json, scope),
        Some("impersonated_service_account") => {
            let source = json.get("source_credentials").filter(|_| deepest > 0);
            let source = source.ok_or_else(|| "Google's credentials lack source_credentials".to_owned())?;
            let with = Box::new(grant(source, scope, deepest - 1)?);
            Ok(Grant::Impersonated { url: needed("service_account_impersonation_url")?, scope: scope.to_owned(), with })
        }
        Some(other) => {
            let other: String = other.chars().take(40).collect();
            Err(format!("Google's credentials are of the kind {other:?}; use {KINDS}"))
        }
        None => Err("Google's credentials lack type".to_owned()),
    }
}

/// A workload elsewhere, which another issuer vouches for.
fn external(json: &Value, scope: &str) -> Result<Grant, Trouble> {
    let needed = |name: &str| text_of(json, name).ok_or_else(|| format!("Google's credentials lack {name}"));
    let source = json.get("credential_source").unwrap_or(&Value::Null);
    let place = match (text_of(source, "file"), text_of(source, "url")) {
        (Some(file), _) => SubjectSource::File(file.into()),
        (None, Some(url)) if text_of(source, "environment_id").is_none() => {
            let headers = source.get("headers").and_then(Value::as_object).into_iter().flatten();
            let text = |(name, value): (&String, &Value)| Some((name.clone(), Secret::new(value.as_str()?)));
            SubjectSource::Url { url, headers: headers.filter_map(text).collect() }
        }
        _ => return Err("Google's credentials name neither a file nor an address for the workload's token".to_owned()),
    };
    let format = source.get("format").unwrap_or(&Value::Null);
    let field = match text_of(format, "type").as_deref() {
        Some("json") => Some(text_of(format, "subject_token_field_name").unwrap_or_else(|| "access_token".to_owned())),
        _ => None,
    };
    let fields = vec![
        ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange".to_owned()),
        ("requested_token_type", "urn:ietf:params:oauth:token-type:access_token".to_owned()),
        ("audience", needed("audience")?),
        ("subject_token_type", needed("subject_token_type")?),
        // Whoever acts as somebody else needs a right to nothing but that.
        ("scope", CLOUD.to_owned()),
    ];
    let impersonated = text_of(json, "service_account_impersonation_url");
    let scope_of =
        |name: &str, value: String| if name == "scope" && impersonated.is_none() { scope.to_owned() } else { value };
    let fields = fields.into_iter().map(|(name, value)| (name, Secret::new(scope_of(name, value)))).collect();
    let url = text_of(json, "token_url").unwrap_or_else(|| EXCHANGE.to_owned());
    let exchange = Grant::Exchange { url, fields, subject: Subject { source: place, field } };
    Ok(match impersonated {
        Some(url) => Grant::Impersonated { url, scope: scope.to_owned(), with: Box::new(exchange) },
        None => exchange,
    })
}

/// What is in a small file.
pub(super) fn read(path: &Path) -> Result<String, Trouble> {
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(LARGEST).read_to_string(&mut text));
    read.map(|_| text).map_err(|error| format!("{} cannot be read: {error}", path.display()))
}
