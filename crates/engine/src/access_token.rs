//! Tokens that take the place of keys at providers and hold for an hour or so (OAuth 2.0, RFC 6749). The control plane
//! fetches them, again long before they end; workers only look. They outlive reloads.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use http::HeaderValue;
use providers::aws::Keys;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};
use types::{Fault, FaultKind, Secret, Side};

use crate::{AwsGrant, AwsSource, Signer, Text};

/// How long before its end a token is fetched again, unless it holds for so short that half of that is later.
const AHEAD: Duration = Duration::from_secs(300);
/// How long after a failure it is tried again: at first, and at most.
const AGAIN: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));
/// How long a caller is asked to wait where no token could be had.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// What a token is asked for with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grant {
    /// A form: an application's id and secret, a key, a refresh token.
    Form {
        /// Where it is sent.
        url: String,
        /// Headers that go along.
        headers: Vec<(&'static str, Secret)>,
        /// Its fields.
        fields: Vec<(&'static str, Text)>,
    },
    /// A statement that is signed with a private key (RFC 7523).
    Assertion {
        /// Where it is sent, and whom it is made for.
        url: String,
        /// Who makes it.
        issuer: String,
        /// Which of the keys it is, if that is said.
        key_id: Option<String>,
        /// An RSA key in PEM form.
        key: Secret,
        /// What the token is for.
        scope: String,
    },
    /// What the cloud gives to a machine of its own.
    Machine {
        /// Where it is asked.
        url: String,
        /// Headers that show who asks, or that nobody was led there.
        headers: Vec<(&'static str, Secret)>,
    },
    /// What somebody else vouches for, in exchange for a token (RFC 8693).
    Exchange {
        /// Where it is exchanged.
        url: String,
        /// Its fields, but for the voucher.
        fields: Vec<(&'static str, Secret)>,
        /// The voucher.
        subject: Subject,
    },
    /// A service account of Google's that another credential may act as.
    Impersonated {
        /// Where its token is asked for.
        url: String,
        /// What that is for.
        scope: String,
        /// Who acts as it.
        with: Box<Grant>,
    },
    /// A credential of Amazon's cloud: requests are signed with it.
    Aws(AwsGrant),
}

/// Where a voucher is, which somebody else renews, and in which field of it, if it is JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The place.
    pub source: SubjectSource,
    /// The field; the whole text, if there is none.
    pub field: Option<String>,
}

/// The place of a voucher.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubjectSource {
    /// A file.
    File(PathBuf),
    /// What is told at an address.
    Url {
        /// The address.
        url: String,
        /// Headers that it wants.
        headers: Vec<(String, Secret)>,
    },
}

/// What was fetched.
#[derive(Debug)]
pub enum Fetched {
    /// A token that is shown as it is.
    Token(Secret),
    /// A credential that signs.
    Keys(Keys),
}

impl Grant {
    /// Where the token comes from.
    pub fn url(&self) -> &str {
        match self {
            Grant::Form { url, .. }
            | Grant::Assertion { url, .. }
            | Grant::Machine { url, .. }
            | Grant::Exchange { url, .. }
            | Grant::Impersonated { url, .. } => url,
            Grant::Aws(grant) => grant.url(),
        }
    }

    /// What tells its account from others. It may hold secrets.
    pub(crate) fn account(&self) -> String {
        let secrets = |list: &[(&'static str, Secret)]| -> Vec<String> {
            list.iter().map(|(_, value)| value.expose().to_owned()).collect()
        };
        let parts = match self {
            Grant::Form { headers, fields, .. } => {
                let fields = fields.iter().map(|(_, value)| match value {
                    Text::Said(text) => text.expose().to_owned(),
                    Text::File(path) => path.to_string_lossy().into_owned(),
                });
                fields.chain(secrets(headers)).collect()
            }
            Grant::Assertion { issuer, .. } => vec![issuer.clone()],
            Grant::Machine { headers, .. } => secrets(headers),
            Grant::Exchange { fields, .. } => secrets(fields),
            Grant::Impersonated { with, .. } => vec![with.account()],
            Grant::Aws(grant) => return grant.account(),
        };
        std::iter::once(self.url().to_owned()).chain(parts).collect::<Vec<_>>().join("\0")
    }
}

/// A token that is fetched again and again.
#[derive(Debug)]
pub struct AccessToken {
    /// What it is asked for with.
    pub grant: Grant,
    state: watch::Sender<State>,
    turn: Mutex<Turn>,
}

/// What is there.
#[derive(Clone, Debug, Default)]
struct State {
    held: Option<(Held, Instant)>,
    /// Why there is no newer one.
    trouble: Option<String>,
}

/// What is held for a while.
#[derive(Clone, Debug)]
enum Held {
    Header(HeaderValue),
    Keys(Arc<Keys>),
}

/// When it is fetched the next time.
#[derive(Debug)]
struct Turn {
    due: Instant,
    pause: Duration,
}

impl AccessToken {
    fn new(grant: Grant) -> Self {
        let turn = Turn { due: Instant::now(), pause: AGAIN.0 };
        AccessToken { grant, state: watch::Sender::default(), turn: Mutex::new(turn) }
    }

    /// The value of `authorization`. Waits for the first token, within `patience`.
    pub async fn header(&self, patience: Duration) -> Result<HeaderValue, Fault> {
        self.wait(patience, AccessToken::now).await
    }

    /// What signs requests. Waits for the first one, within `patience`.
    pub async fn keys(&self, patience: Duration) -> Result<Arc<Keys>, Fault> {
        self.wait(patience, AccessToken::keys_now).await
    }

    async fn wait<T>(&self, patience: Duration, now: impl Fn(&Self) -> Option<T>) -> Result<T, Fault> {
        if let Some(held) = now(self) {
            return Ok(held);
        }
        let mut state = self.state.subscribe();
        let told = timeout(patience, state.wait_for(|state| state.held.is_some() || state.trouble.is_some())).await;
        drop(told);
        now(self).ok_or_else(|| {
            let trouble = self.state.borrow().trouble.clone().unwrap_or_else(|| "no answer yet".to_owned());
            let message = format!("no access token could be had for this deployment: {trouble}");
            let fault = Fault::new(FaultKind::Unavailable, Side::Gateway, message);
            Fault { retry_after: Some(RETRY_AFTER), ..fault }
        })
    }

    /// The header, if there is a token that still holds.
    pub fn now(&self) -> Option<HeaderValue> {
        match self.held()? {
            Held::Header(header) => Some(header),
            Held::Keys(_) => None,
        }
    }

    /// What signs requests, if there is something that still holds.
    pub fn keys_now(&self) -> Option<Arc<Keys>> {
        match self.held()? {
            Held::Keys(keys) => Some(keys),
            Held::Header(_) => None,
        }
    }

    fn held(&self) -> Option<Held> {
        let state = self.state.borrow();
        state.held.as_ref().filter(|(_, until)| *until > Instant::now()).map(|(held, _)| held.clone())
    }

    /// Why there is no newer token, if there is a reason.
    pub fn trouble(&self) -> Option<String> {
        self.state.borrow().trouble.clone()
    }

    /// Whether it is time to fetch it; whoever asks does so, and nobody else until that has failed.
    pub fn take_turn(&self) -> bool {
        let mut turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = turn.due <= Instant::now();
        if is_due {
            turn.due = Instant::now() + turn.pause;
            turn.pause = (turn.pause * 2).min(AGAIN.1);
        }
        is_due
    }

    /// What came of fetching it, and how long it holds.
    pub fn put(&self, fetched: Result<(Fetched, Duration), String>) {
        let fetched = fetched.and_then(|(fetched, holds)| match fetched {
            Fetched::Token(token) => {
                let header = HeaderValue::from_str(&format!("Bearer {}", token.expose()));
                let mut header = header.map_err(|_| "the token has characters that no header may have".to_owned())?;
                header.set_sensitive(true);
                Ok((Held::Header(header), holds))
            }
            Fetched::Keys(keys) => Ok((Held::Keys(Arc::new(keys)), holds)),
        });
        match fetched {
            Ok((held, holds)) => {
                let now = Instant::now();
                let ahead = AHEAD.min(holds / 2);
                *self.turn.lock().unwrap_or_else(PoisonError::into_inner) =
                    Turn { due: now + (holds - ahead), pause: AGAIN.0 };
                self.state.send_replace(State { held: Some((held, now + holds)), trouble: None });
            }
            Err(why) => self.state.send_modify(|state| state.trouble = Some(why)),
        }
    }
}

/// All tokens, as long as somebody needs them.
#[derive(Debug, Default)]
pub struct AccessTokens(Mutex<Vec<Weak<AccessToken>>>);

impl AccessTokens {
    /// The token that is asked for like this, new if nobody needed it yet.
    pub fn of(&self, grant: Grant) -> Arc<AccessToken> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|token| token.strong_count() > 0);
        if let Some(token) = all.iter().filter_map(Weak::upgrade).find(|token| token.grant == grant) {
            return token;
        }
        let token = Arc::new(AccessToken::new(grant));
        all.push(Arc::downgrade(&token));
        token
    }

    /// What signs with a credential from there.
    pub fn signer(&self, source: AwsSource) -> Signer {
        match source {
            AwsSource::Keys(keys) => Signer::Fixed(Arc::new(keys)),
            AwsSource::Grant(grant) => Signer::Fetched(self.of(Grant::Aws(grant))),
        }
    }

    /// All that somebody needs.
    pub fn all(&self) -> Vec<Arc<AccessToken>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().filter_map(Weak::upgrade).collect()
    }
}

#[cfg(test)]
mod tests;
