//! Brings alerts to one channel, one after the other: tries again what was not taken, and heeds how many it gets.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER, USER_AGENT};
use http::{HeaderMap, HeaderValue};
use providers::http::{Call, Client};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::pace::{Held, Pace};
use super::{Outcomes, Parcel, What, lost, mail, note};
use crate::alerts::alert::{Alert, Level, short};
use crate::alerts::forms;
use crate::config::Target;

/// How often each is sent until it arrives.
const TRIES: u32 = 3;
/// Pause after the first failure; it doubles after the next one. Longest pause that a channel can ask for.
const PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// How long a connection may take, and how long everything.
const CONNECT: Duration = Duration::from_secs(5);
const PATIENCE: Duration = Duration::from_secs(10);
/// After how long without anything to do a courier leaves.
const IDLE: Duration = Duration::from_secs(300);
/// Most bytes of an answer that are read.
const ANSWER: usize = 64 << 10;

/// Who brings alerts to one channel.
pub(super) struct Courier {
    target: Target,
    client: Rc<Client>,
    outcomes: Arc<Outcomes>,
    pace: Pace,
    /// Why the last one was not taken, if it was not.
    trouble: Option<String>,
}

/// Why something was not taken.
struct Failure {
    why: String,
    /// Whether it can be taken another time.
    again: bool,
    /// How long the channel wants to be left alone.
    wait: Option<Duration>,
}

impl Courier {
    pub(super) fn new(target: Target, client: Rc<Client>, outcomes: Arc<Outcomes>) -> Self {
        Courier { target, client, outcomes, pace: Pace::default(), trouble: None }
    }

    /// Brings what comes, until for a long time nothing does.
    pub(super) async fn work(mut self, mut waiting: mpsc::Receiver<Parcel>) {
        let mut last: Option<(Arc<Alert>, Option<String>)> = None;
        loop {
            let until = self.pace.due().unwrap_or_else(|| Instant::now() + IDLE);
            match timeout_at(until, waiting.recv()).await {
                Ok(Some(parcel)) => match &parcel.what {
                    What::Alert(alert) if parcel.answer.is_none() => {
                        if self.pace.take(&alert.title, parcel.per_minute, Instant::now()) {
                            self.bring(&parcel.what, parcel.home.as_deref(), TRIES).await;
                        } else {
                            last = Some((alert.clone(), parcel.home));
                        }
                    }
                    What::Letter { .. } => self.bring(&parcel.what, parcel.home.as_deref(), TRIES).await,
                    What::Alert(_) => {
                        self.bring(&parcel.what, parcel.home.as_deref(), 1).await;
                        parcel.answer(self.trouble.clone().map_or(Ok(()), Err));
                    }
                },
                Ok(None) => return,
                Err(_) if self.pace.due().is_some() => {
                    let held = self.pace.release(Instant::now());
                    if let Some((alert, home)) = last.take() {
                        self.bring(&What::Alert(Arc::new(summed_up(&alert, &held))), home.as_deref(), TRIES).await;
                    }
                }
                // Nothing comes any more; what is on its way still is brought.
                Err(_) => waiting.close(),
            }
        }
    }

    async fn bring(&mut self, what: &What, home: Option<&str>, tries: u32) {
        let mut pause = PAUSE;
        for tried in 1..=tries {
            let late = || failed(format!("there was no answer within {PATIENCE:?}"));
            let done = timeout(PATIENCE, self.deliver(what, home)).await.unwrap_or_else(|_| Err(late()));
            let Err(Failure { why, again, wait }) = done else {
                self.trouble = None;
                break;
            };
            // The address holds what lets people write there.
            tracing::warn!(channel = self.target.service(), host = self.target.host(), "an alert was not taken: {why}");
            self.trouble = Some(why);
            if !again {
                break;
            }
            if tried < tries {
                sleep(wait.unwrap_or(pause).min(LONGEST_PAUSE)).await;
                pause *= 2;
            }
        }
        if let Some(why) = self.trouble.as_ref().filter(|_| tries > 1) {
            lost(&self.target, why);
        }
        note(&self.outcomes, &self.target, self.trouble.clone());
    }

    async fn deliver(&self, what: &What, home: Option<&str>) -> Result<(), Failure> {
        let mailed = |sent: Result<(), String>| sent.map_err(failed);
        match (&self.target, what) {
            (Target::Hook { form, .. }, What::Alert(alert)) => {
                self.post(forms::write(*form, alert, home).to_string()).await
            }
            (Target::Mail { server, to }, What::Alert(alert)) => {
                mailed(mail::send(server, to, &forms::letter(alert, home), PATIENCE).await)
            }
            (Target::Mail { server, .. }, What::Letter { to, letter }) => {
                mailed(mail::send(server, std::slice::from_ref(to), letter, PATIENCE).await)
            }
            (Target::Hook { .. }, What::Letter { .. }) => Ok(()),
        }
    }

    async fn post(&self, body: String) -> Result<(), Failure> {
        let Target::Hook { endpoint, path, .. } = &self.target else { return Ok(()) };
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(USER_AGENT, HeaderValue::from_static("lockgate"));
        let call = Call {
            endpoint,
            method: "POST",
            path,
            headers: &headers,
            body: &[Bytes::from(body)],
            connect_timeout: CONNECT,
            claim: None,
            sent: None,
        };
        // The client knows nobody but providers.
        let why = |fault: types::Fault| failed(fault.message.replace("the provider", "the channel"));
        let reply = self.client.call(&call).await.map_err(why)?;
        let (status, wait) = (reply.status, reply.headers.get(RETRY_AFTER).and_then(seconds));
        // Read to its end, so that the connection can be used again.
        let answer = reply.body.collect(ANSWER).await.unwrap_or_default();
        if (200..300).contains(&status) {
            return Ok(());
        }
        let text = short(String::from_utf8_lossy(&answer).trim());
        let said = if text.is_empty() { String::new() } else { format!(": {text}") };
        // What is refused is refused again, but for those who want to be asked later.
        let again = status >= 500 || matches!(status, 408 | 425 | 429);
        Err(Failure { why: format!("the answer has status {status}{said}"), again, wait })
    }
}

/// Something that may go better the next time.
fn failed(why: String) -> Failure {
    Failure { why, again: true, wait: None }
}

fn seconds(value: &HeaderValue) -> Option<Duration> {
    Duration::try_from_secs_f64(value.to_str().ok()?.trim().parse().ok()?).ok()
}

/// One alert for all that were held back.
fn summed_up(last: &Alert, held: &Held) -> Alert {
    let count = held.count;
    let more = if held.titles.len() < count { ", …" } else { "" };
    let alert = Alert::new(last.kind, "alerts_held_back", "gateway", Level::Warning);
    let message = format!("More happened in a minute than this channel is told: {}{more}", held.titles.join(", "));
    let mut alert = alert.saying(format!("{count} more alerts"), message);
    alert.fields.insert("count".to_owned(), count.into());
    alert
}
