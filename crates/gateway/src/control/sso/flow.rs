//! A sign-in that is on its way: what only the browser knows that began it, sealed in a cookie. Any replica can finish
//! what another one began; each finishes it once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use aws_lc_rs::digest::{SHA256, digest};
use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::super::manage::{Desk, random};
use super::super::sign_in::equal;
use super::Trouble;
use crate::books::unix_ms;

/// Name of the cookie.
const COOKIE_NAME: &str = "lockgate_sso";
/// How long somebody may take at the provider, seconds.
const SECONDS: u64 = 600;
/// Most sign-ins that are remembered as through.
const MOST: usize = 10_000;

/// A sign-in that is on its way.
pub struct Flow {
    /// Comes back with the browser.
    pub state: String,
    /// Comes back in the ID token.
    pub nonce: String,
    /// Proves that whoever has the code began the sign-in (PKCE, RFC 7636).
    pub verifier: String,
    /// Where the browser comes back to.
    pub redirect_uri: String,
    until_ms: i64,
}

impl Flow {
    /// A new one.
    pub fn new(redirect_uri: String) -> Result<Self, Trouble> {
        let secret = || Ok::<_, Trouble>(URL_SAFE_NO_PAD.encode(random::<32>()?));
        let until_ms = unix_ms() + SECONDS as i64 * 1000;
        Ok(Flow { state: secret()?, nonce: secret()?, verifier: secret()?, redirect_uri, until_ms })
    }

    /// The one that this browser began, if it is not over.
    pub fn of(desk: &Desk, headers: &HeaderMap) -> Option<Self> {
        let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
        let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let (_, sealed) = pairs.find(|(name, _)| *name == COOKIE_NAME)?;
        let text = desk.live.management().seal.as_ref()?.open(sealed).ok()?;
        let value: Value = serde_json::from_str(&text).ok()?;
        let text = |name: &str| value["sso"][name].as_str().map(str::to_owned);
        let flow = Flow {
            state: text("state")?,
            nonce: text("nonce")?,
            verifier: text("verifier")?,
            redirect_uri: text("redirect_uri")?,
            until_ms: value["sso"]["until_ms"].as_i64()?,
        };
        (flow.until_ms > unix_ms()).then_some(flow)
    }

    /// The cookie that the browser shows when it comes back: from another site, so it must come along from there.
    pub fn cookie(&self, desk: &Desk, secure: bool) -> Result<HeaderValue, Trouble> {
        let text = json!({ "sso": {
            "state": self.state,
            "nonce": self.nonce,
            "verifier": self.verifier,
            "redirect_uri": self.redirect_uri,
            "until_ms": self.until_ms,
        } });
        let management = desk.live.management();
        let sealed = management.seal.as_ref().and_then(|seal| seal.close(&text.to_string()).ok());
        cookie(&sealed.ok_or(Trouble::Unset)?, SECONDS, secure).ok_or(Trouble::Unset)
    }

    /// The cookie that takes it away.
    pub fn ended(secure: bool) -> HeaderValue {
        cookie("", 0, secure).unwrap_or_else(|| HeaderValue::from_static(""))
    }

    /// Whether this state is the one of this browser.
    pub fn is_for(&self, state: &str) -> bool {
        equal(&self.state, state)
    }

    /// What the provider is told of the verifier.
    pub fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(digest(&SHA256, self.verifier.as_bytes()).as_ref())
    }
}

fn cookie(value: &str, seconds: u64, secure: bool) -> Option<HeaderValue> {
    let secure = if secure { "; Secure" } else { "" };
    let text = format!("{COOKIE_NAME}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}");
    let mut cookie = HeaderValue::try_from(text).ok()?;
    cookie.set_sensitive(true);
    Some(cookie)
}

/// Sign-ins that are through.
#[derive(Clone, Default)]
pub struct Used(Arc<Mutex<HashMap<String, Instant>>>);

impl Used {
    /// Notes that a sign-in is through, unless it was before.
    pub fn take(&self, state: &str) -> bool {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            known.retain(|_, since| since.elapsed() < Duration::from_secs(SECONDS));
        }
        // Where so many come at once, none comes twice.
        known.len() < MOST && known.insert(state.to_owned(), Instant::now()).is_none()
    }
}
