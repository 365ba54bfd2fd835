//! What takes the place of a provider's key, and with what it is had: with the operator's secret, or with Google's or Amazon's credentials.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use engine::{AwsSource, Grant};
use providers::{Blank, Provider, SignIn, fill, fillings};
use serde_json::Value;
use types::Secret;

use super::aws;

/// Largest file of credentials, bytes.
const LARGEST: u64 = 64 << 10;
/// Where Google's services ask for tokens unless the credentials say otherwise.
const GOOGLE_TOKENS: &str = "https://oauth2.googleapis.com/token";
/// Where a machine of Google's cloud asks for its own, and how it shows that it means to.
const GOOGLE_MACHINE: &str = "metadata.google.internal";
const GOOGLE_HEADER: (&str, &str) = ("metadata-flavor", "Google");
/// What `gcloud auth application-default login` leaves in the home folder.
const GOOGLE_HOME: &str = ".config/gcloud/application_default_credentials.json";

/// How a provider is signed in to.
#[derive(Debug, PartialEq)]
pub struct SignOn {
    /// What takes the place of a key.
    pub means: Means,
    /// The project that the credentials belong to, if they say so.
    pub project: Option<String>,
}

/// What takes the place of a key.
#[derive(Debug, PartialEq)]
pub enum Means {
    /// Tokens, asked for with this.
    Token(Grant),
    /// Signatures for a service, with a credential from here.
    Signature(&'static str, AwsSource),
}

/// Why nobody can sign in with what is there.
pub type Trouble = String;

/// How `provider` is signed in to with what `given` has for the keys of `litellm_params`, and with the environment; `None` if
/// nobody wants to.
pub fn find(
    provider: &Provider,
    given: impl Fn(&str) -> Option<String>,
    env: impl Fn(&str) -> Option<String>,
) -> Result<Option<SignOn>, Trouble> {
    match provider.sign_in {
        None => Ok(None),
        Some(SignIn::Form { url, fields, blanks }) => {
            let fillings = fillings(blanks, given, env);
            let Some(url) = fill(url, &fillings) else { return Ok(None) };
            let filled = |text: &str| fill(text, &fillings).map(Secret::new);
            let fields = fields.iter().map(|(name, text)| Some((*name, filled(text)?))).collect::<Option<Vec<_>>>();
            Ok(fields.map(|fields| SignOn { means: Means::Token(Grant::Form { url, fields }), project: None }))
        }
        Some(SignIn::Google { credentials, scope }) => google(credentials, scope, given, env).map(Some),
        Some(SignIn::Aws { service }) => {
            let means = Means::Signature(service, aws::find(&given, &env)?);
            Ok(Some(SignOn { means, project: None }))
        }
    }
}

/// Whether the operator wrote down anything that it takes.
pub fn is_wanted(provider: &Provider, given: impl Fn(&str) -> bool) -> bool {
    match provider.sign_in {
        None => false,
        Some(SignIn::Form { blanks, .. }) => blanks.iter().any(|blank| !blank.param.is_empty() && given(blank.param)),
        Some(SignIn::Google { .. }) => true,
        Some(SignIn::Aws { .. }) => aws::PARAMS.iter().any(|name| given(name)),
    }
}

fn google(
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
        let file = PathBuf::from(env("HOME")?).join(GOOGLE_HOME);
        file.is_file().then(|| file.to_string_lossy().into_owned())
    };
    let Some(found) = credentials.or_else(in_home) else {
        let host = env("GCE_METADATA_HOST").filter(|host| !host.is_empty());
        let host = host.unwrap_or_else(|| GOOGLE_MACHINE.to_owned());
        let url = format!("http://{host}/computeMetadata/v1/instance/service-accounts/default/token");
        return Ok((Grant::Machine { url, header: GOOGLE_HEADER }, None));
    };
    let text = if found.trim_start().starts_with('{') { found } else { read(Path::new(found.trim()))? };
    let json: Value = serde_json::from_str(&text).map_err(|_| "Google's credentials are not JSON".to_owned())?;
    let field = |name: &str| json.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
    let needed = |name: &str| field(name).ok_or_else(|| format!("Google's credentials lack {name}"));
    let url = field("token_uri").unwrap_or_else(|| GOOGLE_TOKENS.to_owned());
    let grant = match field("type").as_deref() {
        Some("service_account") => Grant::Assertion {
            url,
            issuer: needed("client_email")?,
            key_id: field("private_key_id"),
            key: Secret::new(needed("private_key")?),
            scope: scope.to_owned(),
        },
        Some("authorized_user") => {
            let mut fields = vec![("grant_type", Secret::new("refresh_token"))];
            for name in ["client_id", "client_secret", "refresh_token"] {
                fields.push((name, Secret::new(needed(name)?)));
            }
            Grant::Form { url, fields }
        }
        Some(other) => {
            let other: String = other.chars().take(40).collect();
            return Err(format!(
                "Google's credentials are of the kind {other:?}; use service_account or authorized_user"
            ));
        }
        None => return Err("Google's credentials lack type".to_owned()),
    };
    Ok((grant, field("project_id").or_else(|| field("quota_project_id"))))
}

fn read(path: &Path) -> Result<String, Trouble> {
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(LARGEST).read_to_string(&mut text));
    read.map(|_| text).map_err(|error| format!("{} cannot be read: {error}", path.display()))
}

#[cfg(test)]
mod tests;
