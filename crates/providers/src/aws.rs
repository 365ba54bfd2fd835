//! Credentials of Amazon's cloud and its signature of requests, version 4: of whole requests, right before they are
//! sent. Where credentials come from is for others to know.

use std::borrow::Cow;
use std::fmt::{self, Write};
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::digest::{Context, SHA256};
use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue};
use types::{Secret, day};

/// The service whose paths are encoded once, and that wants to be told the hash of a body.
const S3: &str = "s3";
const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// Most keys for a day, region and service that are kept.
const KEPT: usize = 16;

/// A credential.
pub struct Keys {
    id: String,
    secret: Secret,
    /// What belongs to a credential that holds for a while.
    token: Option<HeaderValue>,
    /// What was made of the secret lately: it holds for a day.
    derived: Mutex<Vec<Derived>>,
}

struct Derived {
    day: String,
    scope: Scope,
    key: Key,
}

/// What a signature is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The region.
    pub region: String,
    /// The service.
    pub service: &'static str,
}

/// A request that is about to be sent.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The method.
    pub method: &'a str,
    /// Value of the `host` header.
    pub host: &'a str,
    /// Path and query, encoded as they are sent.
    pub path: &'a str,
    /// The body, in pieces.
    pub body: &'a [Bytes],
}

impl Keys {
    /// A credential. The error says why no request can be signed with it, and repeats nothing of it.
    pub fn new(id: &str, secret: Secret, token: Option<Secret>) -> Result<Self, String> {
        let (id, secret) = (id.trim(), Secret::new(secret.expose().trim()));
        if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("the access key id is none".to_owned());
        }
        if secret.expose().is_empty() {
            return Err("the secret access key is empty".to_owned());
        }
        let token = token.filter(|token| !token.expose().trim().is_empty());
        let token = token.map(|token| {
            let mut value = HeaderValue::from_str(token.expose().trim())
                .map_err(|_| "the session token has characters that no header may have")?;
            value.set_sensitive(true);
            Ok::<_, String>(value)
        });
        Ok(Keys { id: id.to_owned(), secret, token: token.transpose()?, derived: Mutex::default() })
    }

    /// The part of it that is no secret.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The parts of it that are.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        let token = self.token.as_ref().and_then(|token| token.to_str().ok());
        [Some(self.secret.expose()), token].into_iter().flatten()
    }

    /// Signs a request at this time, milliseconds since 1970: puts what that takes into its `headers`.
    pub fn sign(&self, scope: &Scope, request: &Request, at_ms: i64, headers: &mut HeaderMap) -> Result<(), String> {
        let at = moment(at_ms);
        let body_hash = hash(request.body);
        let plain = |text: &str| HeaderValue::from_str(text).map_err(|_| "a signature cannot be sent".to_owned());
        headers.insert(HeaderName::from_static("x-amz-date"), plain(&at)?);
        if scope.service == S3 {
            headers.insert(HeaderName::from_static("x-amz-content-sha256"), plain(&body_hash)?);
        }
        if let Some(token) = &self.token {
            headers.insert(HeaderName::from_static("x-amz-security-token"), token.clone());
        }
        let ours = |name: &HeaderName| name == CONTENT_TYPE || name.as_str().starts_with("x-amz-");
        let own = headers.iter().filter(|(name, _)| ours(name));
        let mut signed: Vec<(&str, &str)> =
            own.filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?))).collect();
        signed.push(("host", request.host));
        signed.sort_unstable();
        let text = self.authorization(scope, request, &signed, &body_hash, &at);
        let mut value = plain(&text)?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
        Ok(())
    }

    /// The value of `authorization`. `signed` are headers by their names in small letters, sorted; `at` is the time as in
    /// `x-amz-date`.
    fn authorization(
        &self,
        scope: &Scope,
        request: &Request,
        signed: &[(&str, &str)],
        body_hash: &str,
        at: &str,
    ) -> String {
        let day = &at[..at.len().min(8)];
        let (path, query) = request.path.split_once('?').unwrap_or((request.path, ""));
        let path = if scope.service == S3 { Cow::Borrowed(path) } else { encoded_again(path) };
        let mut canonical = format!("{}\n{path}\n{}\n", request.method, sorted(query));
        for (name, value) in signed {
            // Writing to a text does not fail.
            let _ = write!(canonical, "{name}:");
            let words = value.split_ascii_whitespace();
            words.enumerate().for_each(|(at, word)| {
                let _ = write!(canonical, "{}{word}", if at == 0 { "" } else { " " });
            });
            canonical.push('\n');
        }
        let names: Vec<&str> = signed.iter().map(|(name, _)| *name).collect();
        let names = names.join(";");
        let _ = write!(canonical, "\n{names}\n{body_hash}");
        let within = format!("{day}/{}/{}/aws4_request", scope.region, scope.service);
        let text = format!("{ALGORITHM}\n{at}\n{within}\n{}", hash(&[Bytes::from(canonical)]));
        let signature = hex(sign(&self.key(day, scope), text.as_bytes()).as_ref());
        format!("{ALGORITHM} Credential={}/{within}, SignedHeaders={names}, Signature={signature}", self.id)
    }

    /// What signs on this day.
    fn key(&self, day: &str, scope: &Scope) -> Key {
        let mut derived = self.derived.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = derived.iter().find(|known| known.day == day && known.scope == *scope) {
            return known.key.clone();
        }
        let first = format!("AWS4{}", self.secret.expose());
        let parts = [day, &scope.region, scope.service, "aws4_request"];
        let key = parts.iter().fold(Key::new(HMAC_SHA256, first.as_bytes()), |key, part| {
            Key::new(HMAC_SHA256, sign(&key, part.as_bytes()).as_ref())
        });
        derived.retain(|known| known.day == day);
        derived.truncate(KEPT - 1);
        derived.push(Derived { day: day.to_owned(), scope: scope.clone(), key: key.clone() });
        key
    }
}

impl Clone for Keys {
    fn clone(&self) -> Self {
        let (id, secret, token) = (self.id.clone(), self.secret.clone(), self.token.clone());
        Keys { id, secret, token, derived: Mutex::default() }
    }
}

impl PartialEq for Keys {
    fn eq(&self, other: &Self) -> bool {
        (&self.id, &self.secret, &self.token) == (&other.id, &other.secret, &other.token)
    }
}

impl Eq for Keys {}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keys({})", self.id)
    }
}

/// A time as signatures write it: `20130524T000000Z`.
fn moment(at_ms: i64) -> String {
    let text = day::moment(at_ms);
    let whole = text.split('.').next().unwrap_or_default();
    whole.chars().filter(|c| !matches!(c, '-' | ':')).chain(['Z']).collect()
}

/// A path that is encoded as it is sent, encoded once more.
fn encoded_again(path: &str) -> Cow<'_, str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    if path.is_empty() {
        return Cow::Borrowed("/");
    }
    if path.bytes().all(plain) {
        return Cow::Borrowed(path);
    }
    let mut out = String::with_capacity(path.len() + 16);
    for byte in path.bytes() {
        match plain(byte) {
            true => out.push(char::from(byte)),
            false => drop(write!(out, "%{byte:02X}")),
        }
    }
    Cow::Owned(out)
}

/// The fields of a query in the order in which they are signed.
fn sorted(query: &str) -> String {
    let mut fields: Vec<(&str, &str)> = query
        .split('&')
        .filter(|field| !field.is_empty())
        .map(|field| field.split_once('=').unwrap_or((field, "")))
        .collect();
    fields.sort_unstable();
    let fields: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
    fields.join("&")
}

/// SHA-256 in hexadecimal.
fn hash(pieces: &[Bytes]) -> String {
    let mut context = Context::new(&SHA256);
    pieces.iter().for_each(|piece| context.update(piece));
    hex(context.finish().as_ref())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests;
