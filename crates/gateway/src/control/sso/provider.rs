//! The provider of identities: where it is, and what it says about whoever comes back with a code.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, HeaderValue};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use engine::tokens::{Claims, Expected, Flaw, Source, check, says};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use tokio::sync::Mutex;

use super::super::manage::Desk;
use super::super::sign_in::equal;
use super::Trouble;
use super::flow::Flow;
use crate::books::unix_ms;
use crate::config::{DISCOVERY, Sso};
use crate::{fetch, key_sources};

/// How long it is believed what the provider said about itself, and how long it is not asked again that gave no answer.
const FRESH: Duration = Duration::from_secs(3600);
const PAUSE: Duration = Duration::from_secs(5);
/// How long its keys are good, milliseconds.
const KEYS_MS: i64 = 600_000;
/// What stands for the tenant where everybody's may sign in.
const TENANT: &str = "{tenantid}";
/// Longest word of the provider that goes into the log, characters.
const LONGEST: usize = 60;

/// What a provider said about itself, if anything, for which settings, and when.
type Kept = (Sso, Instant, Option<Arc<Provider>>);

/// What is known about the provider.
#[derive(Clone, Default)]
pub struct Shelf(Arc<Mutex<Option<Kept>>>);

impl Shelf {
    /// The provider of these settings.
    pub async fn provider(&self, desk: &Desk, sso: &Sso) -> Result<Arc<Provider>, Trouble> {
        let mut known = self.0.lock().await;
        if let Some((own, since, provider)) = known.as_ref()
            && own == sso
            && since.elapsed() < provider.as_ref().map_or(PAUSE, |_| FRESH)
        {
            return provider.clone().ok_or(Trouble::Unreachable);
        }
        let found = Provider::find(desk, sso).await;
        let found = found.inspect_err(|why| tracing::warn!("the provider of identities cannot be used: {why}"));
        let provider = found.ok().map(Arc::new);
        *known = Some((sso.clone(), Instant::now(), provider.clone()));
        provider.ok_or(Trouble::Unreachable)
    }
}

/// A provider.
pub struct Provider {
    /// Its name, as its tokens say it; may hold [`TENANT`].
    issuer: Option<String>,
    authorization: String,
    token: String,
    userinfo: Option<String>,
    /// Where its keys come from; without any, only the connection vouches for what it says.
    source: Option<Arc<Source>>,
    /// Whether our secret goes into the body, because it takes it nowhere else.
    secret_in_body: bool,
}

impl Provider {
    async fn find(desk: &Desk, sso: &Sso) -> Result<Self, String> {
        let Some(issuer) = &sso.issuer else {
            return Ok(Provider {
                issuer: None,
                authorization: sso.authorization.clone().ok_or("it has no authorization endpoint")?,
                token: sso.token.clone().ok_or("it has no token endpoint")?,
                userinfo: sso.userinfo.clone(),
                source: None,
                secret_in_body: false,
            });
        };
        let url = format!("{}{DISCOVERY}", issuer.trim_end_matches('/'));
        let body = fetch::get(&url, HeaderMap::new()).await.map_err(|why| format!("{url}: {why}"))?;
        let document: Value = serde_json::from_slice(&body).map_err(|_| format!("{url} is no JSON"))?;
        let text = |name: &str| document[name].as_str().map(str::to_owned);
        let needed = |name: &str| text(name).ok_or_else(|| format!("{url} names no {name}"));
        let named = needed("issuer")?;
        if named.trim_end_matches('/') != issuer.trim_end_matches('/') && !named.contains(TENANT) {
            return Err(format!("{url} is of another issuer"));
        }
        // Whoever vouches for others is not asked in the clear, if itself it is not.
        let is_safe = |url: &str| !issuer.starts_with("https://") || url.starts_with("https://");
        let listed = ["authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri"];
        if let Some(name) = listed.into_iter().find(|name| text(name).is_some_and(|url| !is_safe(&url))) {
            return Err(format!("{url} names a {name} without https"));
        }
        let methods = document["token_endpoint_auth_methods_supported"].as_array();
        let takes = |name: &str| methods.is_some_and(|methods| methods.iter().any(|method| method == name));
        Ok(Provider {
            authorization: sso.authorization.clone().map_or_else(|| needed("authorization_endpoint"), Ok)?,
            token: sso.token.clone().map_or_else(|| needed("token_endpoint"), Ok)?,
            userinfo: sso.userinfo.clone().or_else(|| text("userinfo_endpoint").filter(|_| sso.asks_userinfo)),
            source: Some(desk.live.key_source(&needed("jwks_uri")?)),
            secret_in_body: takes("client_secret_post") && !takes("client_secret_basic"),
            issuer: Some(named),
        })
    }

    /// Whether people of any tenant come from there: then their mail addresses prove nothing.
    pub fn is_for_everybody(&self) -> bool {
        self.issuer.as_ref().is_some_and(|issuer| issuer.contains(TENANT))
    }

    /// Whether this is its name.
    pub fn is_called(&self, issuer: &str) -> bool {
        self.issuer.as_deref().is_none_or(|own| own == issuer || own.contains(TENANT))
    }

    /// Where the browser goes.
    pub fn authorization_url(&self, sso: &Sso, flow: &Flow) -> String {
        let fields = [
            ("response_type", "code"),
            ("client_id", &sso.client_id),
            ("redirect_uri", &flow.redirect_uri),
            ("scope", &sso.scope),
            ("state", &flow.state),
            ("nonce", &flow.nonce),
            ("code_challenge", &flow.challenge()),
            ("code_challenge_method", "S256"),
        ];
        let joint = if self.authorization.contains('?') { '&' } else { '?' };
        format!("{}{joint}{}", self.authorization, fetch::form(&fields))
    }

    /// What it says about whoever has this code.
    pub async fn claims(&self, sso: &Sso, flow: &Flow, code: &str) -> Result<Claims, Trouble> {
        let answer = self.redeem(sso, flow, code).await?;
        let text = |name: &str| answer[name].as_str();
        let proven = match text("id_token") {
            Some(token) => Some(self.proven(sso, flow, token).await?),
            None if self.source.is_some() => return Err(rejected("it gave no ID token")),
            None => None,
        };
        let more = match (&self.userinfo, text("access_token")) {
            (Some(url), Some(token)) => Some(told(url, token).await?),
            _ => None,
        };
        match (proven, more) {
            (Some(proven), Some(more)) if proven.text("sub") != more.text("sub") => {
                Err(rejected("its userinfo is about somebody else"))
            }
            // What is signed counts more.
            (Some(proven), Some(more)) => Ok(Claims(more.0.into_iter().chain(proven.0).collect())),
            (Some(claims), None) | (None, Some(claims)) => Ok(claims),
            (None, None) => Err(rejected("it said nothing about anybody")),
        }
    }

    /// Makes tokens of a code.
    async fn redeem(&self, sso: &Sso, flow: &Flow, code: &str) -> Result<Value, Trouble> {
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &flow.redirect_uri),
            ("code_verifier", &flow.verifier),
        ];
        let mut headers = HeaderMap::new();
        match &sso.client_secret {
            Some(secret) if self.secret_in_body => {
                fields.extend([("client_id", &*sso.client_id), ("client_secret", secret.expose())]);
            }
            Some(secret) => {
                let pair = format!("{}:{}", encoded(&sso.client_id), encoded(secret.expose()));
                let value = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(pair)));
                let mut value = value.map_err(|_| Trouble::Unset)?;
                value.set_sensitive(true);
                headers.insert(AUTHORIZATION, value);
                fields.extend(sso.id_in_body.then_some(("client_id", &*sso.client_id)));
            }
            None => fields.push(("client_id", &sso.client_id)),
        }
        let answer = fetch::post(&self.token, headers, fetch::form(&fields)).await;
        let (status, body) = answer.map_err(|why| {
            tracing::warn!("the provider of identities gives no token: {why}");
            Trouble::Unreachable
        })?;
        let value: Value = serde_json::from_slice(&body).unwrap_or_default();
        match status {
            200 if value.is_object() => Ok(value),
            status => {
                let error = value["error"].as_str().unwrap_or("no reason");
                Err(rejected(&format!("it gives no token: status {status}, {}", tame(error))))
            }
        }
    }

    /// The claims of an ID token that is meant for this sign-in.
    async fn proven(&self, sso: &Sso, flow: &Flow, token: &str) -> Result<Claims, Trouble> {
        let audiences = [sso.client_id.clone()];
        let expected = Expected { issuer: None, audiences: &audiences };
        let flawed = |flaw: Flaw| rejected(&format!("its ID token is not accepted: {flaw}"));
        let claims = match &self.source {
            Some(source) => signed(source, token, expected).await?,
            None => {
                let claims = unsigned(token).ok_or_else(|| flawed(Flaw::Malformed))?;
                says(&claims, expected, unix_ms()).map_err(flawed)?;
                claims
            }
        };
        let issuer = self.issuer.as_ref().map(|issuer| match claims.text("tid") {
            Some(tenant) => issuer.replace(TENANT, &tenant),
            None => issuer.clone(),
        });
        if issuer.is_some() && claims.text("iss") != issuer {
            return Err(flawed(Flaw::Issuer));
        }
        // A token for several is for whoever asked for it (OpenID Connect Core, 3.1.3.7).
        let party = claims.text("azp");
        let several = claims.list("aud").len() > 1;
        if party.as_ref().is_some_and(|party| *party != sso.client_id) || several && party.is_none() {
            return Err(flawed(Flaw::Audience));
        }
        match claims.text("nonce").is_some_and(|nonce| equal(&flow.nonce, &nonce)) {
            true => Ok(claims),
            false => Err(rejected("its ID token is for another sign-in")),
        }
    }
}

/// The claims of a token that the provider signed. A key that nobody knows is asked for, but not without end.
async fn signed(source: &Arc<Source>, token: &str, expected: Expected<'_>) -> Result<Claims, Trouble> {
    let look = || match source.keys() {
        Some(keys) => check(token, &keys, expected, unix_ms()),
        None => Err(Flaw::UnknownKey),
    };
    let old = !source.is_fresh(KEYS_MS, unix_ms());
    if old || look() == Err(Flaw::UnknownKey) && source.ask(unix_ms()) {
        let fetched = key_sources::refresh(source).await;
        fetched.map_err(|why| {
            tracing::warn!(url = source.url, "the keys of the provider of identities cannot be had: {why}");
            Trouble::Unreachable
        })?;
    }
    look().map_err(|flaw| rejected(&format!("its ID token is not accepted: {flaw}")))
}

/// The claims of a token that came from the provider itself, over a connection that proves who it is.
fn unsigned(token: &str) -> Option<Claims> {
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    match serde_json::from_slice(&payload).ok()? {
        Value::Object(claims) => Some(Claims(claims)),
        _ => None,
    }
}

/// What the provider says beside its ID token.
async fn told(url: &str, access_token: &str) -> Result<Claims, Trouble> {
    let mut value = HeaderValue::try_from(format!("Bearer {access_token}")).map_err(|_| Trouble::Rejected)?;
    value.set_sensitive(true);
    let answer = fetch::get(url, HeaderMap::from_iter([(AUTHORIZATION, value)])).await;
    let body = answer.map_err(|why| {
        tracing::warn!("the provider of identities says nothing about its user: {why}");
        Trouble::Unreachable
    })?;
    match serde_json::from_slice(&body) {
        Ok(Value::Object(claims)) => Ok(Claims(claims)),
        _ => Err(rejected("its userinfo is no JSON")),
    }
}

fn rejected(why: &str) -> Trouble {
    tracing::warn!("the provider of identities proves nothing: {why}");
    Trouble::Rejected
}

/// A word from elsewhere, for the log.
pub fn tame(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_graphic()).take(LONGEST).collect()
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}
