//! Tokens that take the place of keys at providers and hold for an hour or so (OAuth 2.0, RFC 6749). The control plane
//! fetches them, again long before they end; workers only look. They outlive reloads.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use http::HeaderValue;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};
use types::{Fault, FaultKind, Secret, Side};

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
        /// Its fields.
        fields: Vec<(&'static str, Secret)>,
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
        /// A header that shows that nobody was led there.
        header: (&'static str, &'static str),
    },
}

impl Grant {
    /// Where the token comes from.
    pub fn url(&self) -> &str {
        match self {
            Grant::Form { url, .. } | Grant::Assertion { url, .. } | Grant::Machine { url, .. } => url,
        }
    }

    /// What tells its account from others. It may hold secrets.
    pub(crate) fn account(&self) -> String {
        match self {
            Grant::Form { url, fields } => {
                let fields = fields.iter().map(|(_, value)| value.expose());
                std::iter::once(url.as_str()).chain(fields).collect::<Vec<_>>().join("\0")
            }
            Grant::Assertion { url, issuer, .. } => format!("{url}\0{issuer}"),
            Grant::Machine { url, .. } => url.clone(),
        }
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
    token: Option<(HeaderValue, Instant)>,
    /// Why there is no newer one.
    trouble: Option<String>,
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
        if let Some(header) = self.now() {
            return Ok(header);
        }
        let mut state = self.state.subscribe();
        let told = timeout(patience, state.wait_for(|state| state.token.is_some() || state.trouble.is_some())).await;
        drop(told);
        self.now().ok_or_else(|| {
            let trouble = self.state.borrow().trouble.clone().unwrap_or_else(|| "no answer yet".to_owned());
            let message = format!("no access token could be had for this deployment: {trouble}");
            let fault = Fault::new(FaultKind::Unavailable, Side::Gateway, message);
            Fault { retry_after: Some(RETRY_AFTER), ..fault }
        })
    }

    /// The header, if there is a token that still holds.
    pub fn now(&self) -> Option<HeaderValue> {
        let state = self.state.borrow();
        state.token.as_ref().filter(|(_, until)| *until > Instant::now()).map(|(header, _)| header.clone())
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

    /// What came of fetching it: the token and how long it holds.
    pub fn put(&self, fetched: Result<(Secret, Duration), String>) {
        let fetched = fetched.and_then(|(token, holds)| {
            let header = HeaderValue::from_str(&format!("Bearer {}", token.expose()));
            let mut header = header.map_err(|_| "the token has characters that no header may have".to_owned())?;
            header.set_sensitive(true);
            Ok((header, holds))
        });
        match fetched {
            Ok((header, holds)) => {
                let now = Instant::now();
                let ahead = AHEAD.min(holds / 2);
                *self.turn.lock().unwrap_or_else(PoisonError::into_inner) =
                    Turn { due: now + (holds - ahead), pause: AGAIN.0 };
                self.state.send_replace(State { token: Some((header, now + holds)), trouble: None });
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

    /// All that somebody needs.
    pub fn all(&self) -> Vec<Arc<AccessToken>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().filter_map(Weak::upgrade).collect()
    }
}

#[cfg(test)]
mod tests;
