//! Guardrails that are asked by network: each within its time, and where none answers, what the operator said decides.
//!
//! What they are asked has been masked by those that need nobody else. What they say of the reason stays here: it may
//! repeat what it is about.

mod bedrock;
mod ways;

use std::future::pending;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use dialects::json::{self, Doc, Object};
use dialects::sse::{self, Splitter};
use dialects::{Framing, StreamReader};
use guardrails::{Action, Class, Form};
use http::HeaderMap;
use providers::http::{Body, Endpoint};
use store::Verdict;
use tokio::time::{Instant, timeout};
use types::{Delta, Event, Fault, FaultKind, Side};

use super::before::spliced;
use super::cover::{Hit, cover};
use super::scope::{Half, picks};
use super::texts::{Piece, Who};
use super::verdict::Tally;
use super::{Check, Guard, Guarding, refusal};
use crate::ask::Ask;
use crate::journey::Attempts;
use crate::record::Record;
use crate::{Gate, Signing};

/// Whoever is asked by network.
#[derive(Debug)]
pub struct Remote {
    /// How.
    pub way: Way,
    /// Where; of a judge, nowhere.
    pub endpoint: Option<Endpoint>,
    /// Headers, the credential among them.
    pub headers: HeaderMap,
    /// What signs the questions, if somebody wants that.
    pub signing: Option<Signing>,
    /// How long it may take.
    pub timeout: Duration,
    /// Whether what it cannot say anything about goes on.
    pub fail_open: bool,
}

/// How somebody is asked.
#[derive(Debug)]
pub enum Way {
    /// The incumbent's hook for everybody, with what else it is told: a JSON object.
    Hook(String),
    /// Presidio's analyzer.
    Presidio {
        /// The language of the texts.
        language: String,
        /// What it looks for; everything, if nothing is named.
        entities: Vec<String>,
        /// What becomes of each, by its name.
        actions: Vec<(String, Action)>,
        /// What becomes of others.
        usual: Action,
    },
    /// OpenAI's moderation with this model.
    Moderation(String),
    /// Lakera's guard, in this project.
    Lakera(Option<String>),
    /// A guardrail of Amazon Bedrock, asked at this path.
    Bedrock(String),
    /// Azure's prompt shield.
    PromptShield,
    /// Azure's content safety.
    TextModeration {
        /// What it looks for.
        categories: Vec<String>,
        /// The least severity, 0 to 6, that is refused.
        threshold: u64,
    },
    /// A model of this gateway, and what it is told to judge by.
    Judge {
        /// The group.
        model: String,
        /// The rules.
        prompt: String,
    },
}

/// A text that somebody is asked about.
struct Text {
    /// Where in the body it stands; nowhere in a stream.
    span: Option<(usize, usize)>,
    form: Form,
    who: Who,
    text: String,
}

/// What somebody says.
enum Said {
    Fine,
    /// It must not go on, for these classes.
    Blocked(Vec<(String, u32)>),
    /// Finds, each in the text with this index.
    Found(Vec<(usize, Found)>),
    /// What stands instead of each text.
    Instead(Vec<String>),
}

/// A find.
struct Found {
    start: usize,
    end: usize,
    class: Class,
    name: String,
    action: Action,
}

/// What is done about an answer to it.
enum Outcome {
    Untouched,
    Changed(Vec<Option<String>>),
}

/// Asks all who are asked by network before a call that was admitted goes on.
pub(crate) async fn before(gate: &Rc<Gate>, ask: &mut Ask, call_id: &str) -> Result<(), Fault> {
    match ask.guarding.clone().filter(|guarding| guarding.guards.iter().any(|guard| guard.check.is_remote())) {
        // Most calls have no room for it.
        Some(guarding) => Box::pin(about_request(gate, &guarding, ask, call_id)).await,
        None => Ok(()),
    }
}

async fn about_request(gate: &Rc<Gate>, guarding: &Guarding, ask: &mut Ask, call_id: &str) -> Result<(), Fault> {
    let _ = guarding.asking.set((gate.clone(), call_id.to_owned()));
    for guard in guarding.of_mode(|modes| modes.pre) {
        let Check::Remote(remote) = &guard.check else { continue };
        let body = ask.body.bytes().clone();
        let found = guarding.texts_for(guard, &body)?;
        let question = Question { gate, guarding, guard, remote, mode: "pre_call", what: "request", call_id };
        match question.ask(&found, true).await {
            Ok(Outcome::Untouched) => {}
            Ok(Outcome::Changed(instead)) => ask.say_instead(Object::parse(changed(&body, &found, instead))?),
            Err(fault) => {
                ask.shown = Some(blocked(&body, &found));
                return Err(fault);
            }
        }
    }
    Ok(())
}

/// Asks those about a call who are asked while it is under way.
pub(crate) async fn during(ask: &Ask, record: Option<&Rc<Record>>) -> Result<(), Fault> {
    let Some(guarding) = ask.guarding.as_ref().filter(|guarding| guarding.asks_during()) else { return Ok(()) };
    let Some((gate, call_id)) = guarding.asking.get() else { return Ok(()) };
    let body = ask.body.bytes();
    for guard in guarding.guards.iter().filter(|guard| guard.is_asked_during()) {
        let Check::Remote(remote) = &guard.check else { continue };
        let found = guarding.texts_for(guard, body)?;
        let question = Question { gate, guarding, guard, remote, mode: "during_call", what: "request", call_id };
        question.ask(&found, false).await.inspect_err(|_| {
            record.iter().for_each(|record| record.hide(blocked(body, &found)));
        })?;
    }
    Ok(())
}

/// Attempts beside which those are asked who are asked during a call. What they say is waited for where an answer is
/// there ([`Guarding::cleared`]).
pub(crate) fn beside(ask: &Rc<Ask>, record: Option<&Rc<Record>>, attempts: Attempts) -> Attempts {
    let Some(guarding) = ask.guarding.clone().filter(|guarding| guarding.asks_during()) else { return attempts };
    let (ask, record) = (ask.clone(), record.cloned());
    Box::pin(async move {
        let asked = async {
            let said = during(&ask, record.as_ref()).await;
            let _ = guarding.said.set(said);
            pending().await
        };
        tokio::select! {
            opened = attempts => opened,
            never = asked => never,
        }
    })
}

impl Guard {
    fn is_asked_during(&self) -> bool {
        self.modes.during && !self.modes.pre && self.check.is_remote()
    }
}

impl Guarding {
    /// The texts of a request that a guardrail is asked about.
    fn texts_for(&self, guard: &Guard, body: &Bytes) -> Result<Vec<Text>, Fault> {
        let doc = Doc::parse(body)?;
        let picked = self.scope.picked(guard, Half::Request, doc.root());
        let pieces = self.scope.texts(Half::Request, doc.root());
        let minds = |piece: &&Piece| {
            let skipped = guard.skips_system && piece.who == Who::System || guard.skips_tools && piece.who == Who::Tool;
            !skipped && picks(&picked, piece)
        };
        Ok(pieces.iter().filter(minds).filter_map(text_of).collect())
    }

    fn asks_during(&self) -> bool {
        self.guards.iter().any(|guard| guard.is_asked_during())
    }

    /// What those say who are asked while the call is under way.
    pub async fn cleared(&self) -> Result<(), Fault> {
        match self.asks_during() {
            true => self.said.wait().await.clone(),
            false => Ok(()),
        }
    }

    /// Whether somebody is asked by network about answers.
    pub fn asks_about_answers(&self) -> bool {
        self.of_mode(|modes| modes.post).any(|guard| guard.check.is_remote())
    }

    /// Asks about a whole answer, which may come back changed.
    pub async fn asked_about(&self, answer: Bytes) -> Result<Bytes, Fault> {
        let mut answer = answer;
        let Some((gate, call_id)) = self.asking.get() else { return Ok(answer) };
        for guard in self.of_mode(|modes| modes.post) {
            let Check::Remote(remote) = &guard.check else { continue };
            let mut found = Vec::new();
            if let Ok(doc) = Doc::parse_answer(&answer) {
                let picked = self.scope.picked(guard, Half::Answer, doc.root());
                let pieces = self.scope.texts(Half::Answer, doc.root());
                found.extend(pieces.iter().filter(|piece| picks(&picked, piece)).filter_map(text_of));
            }
            let question = Question { gate, guarding: self, guard, remote, mode: "post_call", what: "answer", call_id };
            if let Outcome::Changed(instead) = question.ask(&found, true).await? {
                answer = changed(&answer, &found, instead);
            }
        }
        Ok(answer)
    }

    /// Reads all of a stream and asks about it; its pieces, if it may go on. What would have to be changed may not: it
    /// is in pieces.
    pub async fn heard(
        &self,
        (mut reader, framing): (Box<dyn StreamReader>, Framing),
        body: &mut Body,
        limit: usize,
    ) -> Result<Vec<Bytes>, Fault> {
        let (mut pieces, mut bytes, mut events) = (Vec::new(), 0, Vec::new());
        let mut splitter = Splitter::new(framing);
        while let Some(piece) = body.piece().await {
            let piece = piece?;
            bytes += piece.len();
            if bytes > limit {
                return Err(Fault::provider(FaultKind::Malformed, "the answer is too long to be looked over"));
            }
            splitter.feed(piece.clone());
            pieces.push(piece);
            if let Some(batch) = splitter.next_batch()? {
                for event in sse::events(framing, &batch) {
                    let data = sse::data(framing, event);
                    if !data.is_empty() {
                        reader.read(&data, &mut events)?;
                    }
                }
            }
        }
        reader.finish(&mut events);
        let mut said: Vec<String> = vec![String::new(); 2];
        for event in events {
            match event {
                Event::Delta { delta: Delta::Text(text) | Delta::Refusal(text), .. } => said[0].push_str(&text),
                Event::Delta { delta: Delta::Thinking(text) | Delta::ToolArguments { fragment: text, .. }, .. } => {
                    said[1].push_str(&text);
                }
                Event::Error(fault) => return Err(*fault),
                _ => {}
            }
        }
        let said = said.into_iter().filter(|text| !text.is_empty());
        let found: Vec<Text> =
            said.map(|text| Text { span: None, form: Form::Plain, who: Who::Assistant, text }).collect();
        let Some((gate, call_id)) = self.asking.get() else { return Ok(pieces) };
        for guard in self.of_mode(|modes| modes.post) {
            let Check::Remote(remote) = &guard.check else { continue };
            let question = Question { gate, guarding: self, guard, remote, mode: "post_call", what: "answer", call_id };
            if let Outcome::Changed(_) = question.ask(&found, true).await? {
                return Err(refusal(&guard.name, "answer", &[("not to be changed in a stream".to_owned(), 1)]));
            }
        }
        Ok(pieces)
    }
}

/// What may be kept of a request that was refused for reasons that are not known here: none of its texts.
fn blocked(body: &Bytes, texts: &[Text]) -> Bytes {
    changed(body, texts, texts.iter().map(|_| Some("<BLOCKED>".to_owned())).collect())
}

fn text_of(piece: &Piece) -> Option<Text> {
    let text = piece.json.as_string()?;
    Some(Text { span: Some(piece.json.span()), form: piece.form, who: piece.who, text })
}

/// A body in which other texts stand.
fn changed(body: &Bytes, texts: &[Text], instead: Vec<Option<String>>) -> Bytes {
    let changes = texts.iter().zip(instead).filter_map(|(text, instead)| {
        let (start, end) = text.span?;
        Some((start, end, json::string(&instead?)))
    });
    spliced(body, changes)
}

/// A question to somebody.
struct Question<'q> {
    gate: &'q Rc<Gate>,
    guarding: &'q Guarding,
    guard: &'q Guard,
    remote: &'q Remote,
    mode: &'static str,
    /// What it is about, in words.
    what: &'static str,
    call_id: &'q str,
}

impl Question<'_> {
    async fn ask(&self, texts: &[Text], may_change: bool) -> Result<Outcome, Fault> {
        if texts.iter().all(|text| text.text.trim().is_empty()) {
            self.leave("passed", Vec::new(), Duration::ZERO);
            return Ok(Outcome::Untouched);
        }
        let began = Instant::now();
        let said = timeout(self.remote.timeout, self.say(texts)).await;
        let said = said.unwrap_or_else(|_| Err("it did not answer in time".to_owned()));
        let took = began.elapsed();
        match said {
            Ok(Said::Fine) => {
                self.leave("passed", Vec::new(), took);
                Ok(Outcome::Untouched)
            }
            Ok(Said::Blocked(classes)) => {
                self.leave("blocked", classes.clone(), took);
                Err(refusal(&self.guard.name, self.what, &classes))
            }
            Ok(Said::Found(found)) => self.found(texts, found, may_change, took),
            Ok(Said::Instead(instead)) if instead.len() == texts.len() => {
                let differs = texts.iter().zip(&instead).any(|(text, instead)| text.text != *instead);
                self.leave(if differs { "masked" } else { "passed" }, Vec::new(), took);
                Ok(match differs && may_change {
                    true => Outcome::Changed(instead.into_iter().map(Some).collect()),
                    false => Outcome::Untouched,
                })
            }
            Ok(Said::Instead(_)) => self.failed("it answered with another number of texts", took),
            Err(why) => self.failed(&why, took),
        }
    }

    /// What was found is masked or refused.
    fn found(
        &self,
        texts: &[Text],
        found: Vec<(usize, Found)>,
        may_change: bool,
        took: Duration,
    ) -> Result<Outcome, Fault> {
        let mut tally = Tally::default();
        tally.took = took;
        found.iter().for_each(|(_, found)| tally.found(&found.name, found.action));
        self.guarding.verdicts.add(tally.verdict(&self.guard.name, self.mode));
        if tally.blocks() {
            return Err(refusal(&self.guard.name, self.what, &tally.classes()));
        }
        let mut instead = vec![None; texts.len()];
        let mut vault = self.guarding.vault.borrow_mut();
        for (index, (text, instead)) in texts.iter().zip(&mut instead).enumerate() {
            let own = found.iter().filter(|(at, found)| *at == index && found.action.masks());
            let hits: Vec<Hit> = own
                .map(|(_, Found { start, end, class, name, action })| Hit {
                    start: *start,
                    end: *end,
                    class: *class,
                    name,
                    action: *action,
                })
                .collect();
            if !hits.is_empty() {
                // What the model wrote itself is nothing to put back.
                let restored = text.who != Who::Assistant || self.what == "request";
                *instead = Some(cover(&text.text, text.form, hits, restored, &mut vault));
            }
        }
        let differs = instead.iter().any(Option::is_some);
        Ok(if differs && may_change { Outcome::Changed(instead) } else { Outcome::Untouched })
    }

    /// Nobody said anything: the operator has said what happens then.
    fn failed(&self, why: &str, took: Duration) -> Result<Outcome, Fault> {
        let name = &self.guard.name;
        tracing::warn!(guardrail = name, open = self.remote.fail_open, "a guardrail could not be asked: {why}");
        self.leave("failed", Vec::new(), took);
        match self.remote.fail_open {
            true => Ok(Outcome::Untouched),
            false => {
                let message = format!("Guardrail '{name}' could not be asked, and nothing goes on without it.");
                // No other deployment would do better.
                let fault = Fault::new(FaultKind::Unavailable, Side::Caller, message);
                Err(Fault { code: Some("guardrail_unavailable".to_owned()), ..fault })
            }
        }
    }

    fn leave(&self, verdict: &str, found: Vec<(String, u32)>, took: Duration) {
        let (name, mode) = (self.guard.name.clone(), self.mode.to_owned());
        let took_us = took.as_micros() as u64;
        self.guarding.verdicts.add(Verdict { name, mode, verdict: verdict.to_owned(), found, took_us });
    }
}
