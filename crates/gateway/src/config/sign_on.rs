//! What takes the place of a provider's key, and with what it is had: with the operator's secret, or with Google's or Amazon's credentials.

mod entra;
mod google;

use std::path::Path;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use engine::{AwsSource, Grant, Text};
use providers::{Fillings, Provider, SignIn, fill, fillings, oci};
use types::Secret;

use super::aws;
pub use google::of_google;

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
    /// Signatures with a key of Oracle's cloud.
    Oracle(Arc<oci::Keys>),
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
        Some(SignIn::Form { url, headers, fields, blanks }) => {
            let fillings = fillings(blanks, given, env);
            let filled = || {
                let (url, headers) = (fill(url, &fillings)?, all(headers, &fillings)?);
                let fields = all(fields, &fillings)?;
                let fields = fields.into_iter().map(|(name, value)| (name, Text::Said(value))).collect();
                Some(Grant::Form { url, headers, fields })
            };
            Ok(filled().map(SignOn::token))
        }
        Some(SignIn::Entra { blanks }) => {
            let fillings = fillings(blanks, given, &env);
            Ok(entra::find(&fillings, &env)?.map(SignOn::token))
        }
        Some(SignIn::Oracle { blanks }) => {
            let keys = oracle(&fillings(blanks, given, env))?;
            Ok(keys.map(|keys| SignOn { means: Means::Oracle(Arc::new(keys)), project: None }))
        }
        Some(SignIn::Google { credentials, scope }) => google::find(credentials, scope, given, env).map(Some),
        Some(SignIn::Aws { service }) => {
            let means = Means::Signature(service, aws::find(&given, &env)?);
            Ok(Some(SignOn { means, project: None }))
        }
    }
}

/// A user's key in Oracle's cloud, if all is known that it takes.
fn oracle(known: &Fillings) -> Result<Option<oci::Keys>, Trouble> {
    let known = |name: &str| known.iter().find(|(blank, _)| *blank == name).map(|(_, value)| value.as_str());
    let (Some(tenancy), Some(user), Some(print)) = (known("tenancy"), known("user"), known("fingerprint")) else {
        return Ok(None);
    };
    let pem = match (known("key"), known("key_file")) {
        (Some(pem), _) => pem.to_owned(),
        (None, Some(file)) => google::read(Path::new(file))?,
        (None, None) => return Ok(None),
    };
    oci::Keys::new(tenancy, user, print, &Secret::new(pem)).map(Some)
}

/// Headers or fields with their blanks filled; `None` if one is not.
fn all(list: &[(&'static str, &str)], fillings: &Fillings) -> Option<Vec<(&'static str, Secret)>> {
    let filled = |text: &str| match text.strip_prefix("Basic ") {
        Some(rest) => Some(Secret::new(format!("Basic {}", STANDARD.encode(fill(rest, fillings)?)))),
        None => fill(text, fillings).map(Secret::new),
    };
    list.iter().map(|(name, text)| Some((*name, filled(text)?))).collect()
}

impl SignOn {
    fn token(grant: Grant) -> Self {
        SignOn { means: Means::Token(grant), project: None }
    }
}

/// Whether the operator wrote down anything that it takes.
pub fn is_wanted(provider: &Provider, given: impl Fn(&str) -> bool) -> bool {
    match provider.sign_in {
        None => false,
        Some(SignIn::Form { blanks, .. } | SignIn::Entra { blanks } | SignIn::Oracle { blanks }) => {
            blanks.iter().any(|blank| !blank.param.is_empty() && given(blank.param))
        }
        Some(SignIn::Google { .. }) => true,
        Some(SignIn::Aws { .. }) => aws::PARAMS.iter().any(|name| given(name)),
    }
}

#[cfg(test)]
mod tests;
