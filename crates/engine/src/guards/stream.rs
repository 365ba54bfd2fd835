//! A streamed answer is looked over, and gets its values back, event by event.
//!
//! Reading and writing are two rooms: what is read ([`reading`]) is what the log keeps, with placeholders; what is written
//! ([`writing`]) is for the caller alone. What can only be said of an answer as a whole holds it back to its end.

use std::rc::Rc;

use dialects::{Stamp, StreamReader, StreamWriter};
use guardrails::{Form, Masker, Restorer, Vault};
use types::{Delta, Event, Fault, FaultKind, Side};

use super::after::judge;
use super::cover::{Hit, cover};
use super::verdict::Tally;
use super::{Check, Guard, Guarding, refusal};

/// Most of an answer that is held back, bytes.
const MOST_HELD: usize = 16 << 20;
/// Most texts of one answer that are told apart.
const MOST_CHANNELS: usize = 1024;

/// One text of an answer: they come interleaved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Channel {
    Text,
    Thinking,
    Refusal,
    Arguments(u32),
}

impl Channel {
    fn form(self) -> Form {
        match self {
            Channel::Arguments(_) => Form::Json,
            _ => Form::Plain,
        }
    }

    fn delta(self, text: String) -> Delta {
        match self {
            Channel::Text => Delta::Text(text),
            Channel::Thinking => Delta::Thinking(text),
            Channel::Refusal => Delta::Refusal(text),
            Channel::Arguments(index) => Delta::ToolArguments { index, fragment: text },
        }
    }
}

/// The text of an event, and where it belongs.
fn text(event: &mut Event) -> Option<(u32, Channel, &mut String)> {
    let Event::Delta { choice, delta } = event else { return None };
    let choice = *choice;
    match delta {
        Delta::Text(text) => Some((choice, Channel::Text, text)),
        Delta::Thinking(text) => Some((choice, Channel::Thinking, text)),
        Delta::Refusal(text) => Some((choice, Channel::Refusal, text)),
        Delta::ToolArguments { index, fragment } => Some((choice, Channel::Arguments(*index), fragment)),
        _ => None,
    }
}

/// Which texts are over when an event comes.
fn ends(event: &mut Event, choice: u32, channel: Channel) -> bool {
    match event {
        Event::Finish { choice: own, .. } => *own == choice,
        Event::End | Event::Error(_) => true,
        Event::Delta { choice: own, .. } if *own == choice => match text(event) {
            // Arguments of several calls may alternate; other texts are over when the next one begins.
            Some((_, own, _)) => own != channel && !matches!(channel, Channel::Arguments(_)),
            None => !matches!(channel, Channel::Arguments(_)),
        },
        _ => false,
    }
}

/// Wraps who reads the events of an answer, if somebody looks at it.
pub(crate) fn reading(guarding: &Rc<Guarding>, inner: Box<dyn StreamReader>) -> Box<dyn StreamReader> {
    let guards: Vec<_> =
        guarding.of_mode(|modes| modes.post).filter(|guard| !guard.check.is_remote()).cloned().collect();
    if guards.is_empty() {
        return inner;
    }
    let holds = guards.iter().any(|guard| !matches!(guard.check, Check::Find(_)));
    let watches = guards.into_iter().map(|guard| Watch { guard, tally: Tally::default() }).collect();
    let guarding = guarding.clone();
    Box::new(Reading {
        inner,
        guarding,
        watches,
        holds,
        held: Vec::new(),
        bytes: 0,
        texts: Vec::new(),
        fresh: Vec::new(),
    })
}

/// A guardrail that looks at an answer, and what it found.
struct Watch {
    guard: std::sync::Arc<Guard>,
    tally: Tally,
}

/// A text that is being looked over.
struct Text {
    choice: u32,
    channel: Channel,
    /// One for each guardrail, in turn.
    maskers: Vec<Masker>,
    /// Arguments of a call are looked over when they are complete.
    whole: String,
}

struct Reading {
    inner: Box<dyn StreamReader>,
    guarding: Rc<Guarding>,
    watches: Vec<Watch>,
    /// Whether the whole answer is held back.
    holds: bool,
    held: Vec<Event>,
    bytes: usize,
    texts: Vec<Text>,
    fresh: Vec<Event>,
}

impl StreamReader for Reading {
    fn read(&mut self, data: &[u8], out: &mut Vec<Event>) -> Result<(), Fault> {
        let mut fresh = std::mem::take(&mut self.fresh);
        let read = self.inner.read(data, &mut fresh);
        for event in fresh.drain(..) {
            self.event(event, out)?;
        }
        self.fresh = fresh;
        read
    }

    fn finish(&mut self, out: &mut Vec<Event>) {
        let mut fresh = Vec::new();
        self.inner.finish(&mut fresh);
        for event in fresh {
            if let Err(fault) = self.event(event, out) {
                out.push(Event::Error(Box::new(fault)));
                return;
            }
        }
        if let Err(fault) = self.release(out) {
            out.push(Event::Error(Box::new(fault)));
        }
    }
}

impl Reading {
    fn event(&mut self, event: Event, out: &mut Vec<Event>) -> Result<(), Fault> {
        if !self.holds {
            return self.look(event, out);
        }
        match event {
            Event::Start { .. } | Event::Ping | Event::Usage(_) => out.push(event),
            Event::Error(_) => {
                self.held.clear();
                out.push(event);
            }
            Event::End => {
                self.release(out)?;
                out.push(event);
            }
            event => {
                self.bytes += event.output_bytes();
                if self.bytes > MOST_HELD {
                    let message = "the answer is too long for the guardrails that look at it";
                    return Err(Fault::new(FaultKind::TooLarge, Side::Gateway, message));
                }
                self.held.push(event);
            }
        }
        Ok(())
    }

    /// The answer is complete: it goes on, or does not.
    fn release(&mut self, out: &mut Vec<Event>) -> Result<(), Fault> {
        let mut held = joined(std::mem::take(&mut self.held));
        if self.holds && !held.is_empty() {
            let (mut said, mut calls) = (String::new(), Vec::new());
            for event in &held {
                match event {
                    Event::Delta { delta: Delta::Text(text), .. } => said.push_str(text),
                    Event::Delta { delta: Delta::ToolStart { name, .. } | Delta::CustomStart { name, .. }, .. } => {
                        calls.push(name.clone())
                    }
                    _ => {}
                }
            }
            for Watch { guard, tally } in &mut self.watches {
                judge(&self.guarding, guard, &said, &calls, tally);
                if let Some(words) = guard.check.words() {
                    for (_, _, text) in held.iter_mut().filter_map(text) {
                        let found = words.find(text);
                        found.iter().for_each(|found| tally.found(&words.word(found).name, words.word(found).action));
                    }
                }
            }
            self.told()?;
            for event in held {
                self.look(event, out)?;
            }
        }
        self.flush(&mut Event::End, out)?;
        self.told()
    }

    /// Leaves the verdicts; the first that refuses the answer decides.
    fn told(&self) -> Result<(), Fault> {
        for Watch { guard, tally } in &self.watches {
            self.guarding.verdicts.add(tally.verdict(&guard.name, "post_call"));
        }
        let refusing = self.watches.iter().find(|watch| watch.tally.blocks());
        refusing.map_or(Ok(()), |watch| Err(refusal(&watch.guard.name, "answer", &watch.tally.classes())))
    }

    /// Looks for what is found piece by piece.
    fn look(&mut self, mut event: Event, out: &mut Vec<Event>) -> Result<(), Fault> {
        self.flush(&mut event, out)?;
        let Some((choice, channel, piece)) = text(&mut event) else {
            if let Event::End = event {
                self.told()?;
            }
            out.push(event);
            return Ok(());
        };
        let at = self.texts.iter().position(|text| (text.choice, text.channel) == (choice, channel));
        let at = match at {
            Some(at) => at,
            None if self.texts.len() >= MOST_CHANNELS => {
                return Err(Fault::provider(FaultKind::Malformed, "the answer has too many parts"));
            }
            None => {
                let maskers = self.watches.iter().map(|_| Masker::default()).collect();
                self.texts.push(Text { choice, channel, maskers, whole: String::new() });
                self.texts.len() - 1
            }
        };
        let mut piece = std::mem::take(piece);
        for Watch { guard, .. } in &self.watches {
            if let Some(words) = guard.check.words() {
                // With words to look for, the answer is held back: the text is here as a whole, and was counted.
                let hits = words.find(&piece).iter().filter_map(|found| guard.check.word(found)).collect();
                piece = covered(piece, channel.form(), hits, &mut self.guarding.vault.borrow_mut());
            }
        }
        match channel {
            Channel::Arguments(_) => {
                self.texts[at].whole.push_str(&piece);
                if self.texts[at].whole.len() > MOST_HELD {
                    return Err(Fault::provider(FaultKind::Malformed, "the arguments of a call are too long"));
                }
                piece.clear();
            }
            _ => piece = self.pass(at, piece, false)?,
        }
        if !piece.is_empty() {
            out.push(Event::Delta { choice, delta: channel.delta(piece) });
        }
        Ok(())
    }

    /// A piece of a text goes through all that mask; nothing comes behind the `last` one.
    fn pass(&mut self, at: usize, mut piece: String, last: bool) -> Result<String, Fault> {
        let form = self.texts[at].channel.form();
        let Reading { watches, texts, guarding, .. } = self;
        for (Watch { guard, tally }, masker) in watches.iter_mut().zip(&mut texts[at].maskers) {
            let mut vault = guarding.vault.borrow_mut();
            if form == Form::Json {
                // It is here as a whole.
                let finder = guard.check.finder();
                let spans = finder
                    .into_iter()
                    .flat_map(|finder| finder.scanner.scan(&piece).into_iter().map(|span| finder.hit(span)));
                let hits: Vec<Hit> = spans.collect();
                hits.iter().for_each(|hit| tally.found(hit.name, hit.action));
                piece = covered(piece, form, hits, &mut vault);
            } else if let Some(finder) = guard.check.finder() {
                let began = tokio::time::Instant::now();
                let mut out = String::with_capacity(piece.len());
                let mut masked = |span: guardrails::Span, value: &str, out: &mut String| {
                    let hit = finder.hit(span);
                    tally.found(hit.name, hit.action);
                    out.push_str(if hit.action.masks() { vault.mask(span.class, value, false) } else { value });
                };
                masker.push(&finder.scanner, &piece, &mut out, &mut masked);
                if last {
                    masker.finish(&finder.scanner, &mut out, &mut masked);
                }
                tally.took += began.elapsed();
                piece = out;
            }
            if tally.blocks() {
                guarding.verdicts.add(tally.verdict(&guard.name, "post_call"));
                return Err(refusal(&guard.name, "answer", &tally.classes()));
            }
        }
        Ok(piece)
    }

    /// Lets go of texts that `event` ends.
    fn flush(&mut self, event: &mut Event, out: &mut Vec<Event>) -> Result<(), Fault> {
        for at in 0..self.texts.len() {
            let (choice, channel) = (self.texts[at].choice, self.texts[at].channel);
            if !ends(event, choice, channel) {
                continue;
            }
            let whole = std::mem::take(&mut self.texts[at].whole);
            let rest = self.pass(at, whole, true)?;
            if !rest.is_empty() {
                out.push(Event::Delta { choice, delta: channel.delta(rest) });
            }
        }
        Ok(())
    }
}

/// A text in which what is to be masked is; it was not the caller who said it, so nothing is put back.
fn covered(text: String, form: Form, hits: Vec<Hit>, vault: &mut Vault) -> String {
    let hits: Vec<Hit> = hits.into_iter().filter(|hit| hit.action.masks()).collect();
    if hits.is_empty() { text } else { cover(&text, form, hits, false, vault) }
}

/// The events with texts that came in pieces in one piece each.
fn joined(held: Vec<Event>) -> Vec<Event> {
    let mut joined: Vec<Event> = Vec::new();
    for mut event in held {
        let key = text(&mut event).map(|(choice, channel, _)| (choice, channel));
        if let (Some(key), Some(last)) = (key, joined.last_mut())
            && let Some((choice, channel, whole)) = text(last)
            && (choice, channel) == key
            && let Some((_, _, piece)) = text(&mut event)
        {
            whole.push_str(piece);
            continue;
        }
        joined.push(event);
    }
    joined
}

/// Wraps who writes the events for the caller, if values are to be put back.
pub(crate) fn writing(
    guarding: &Rc<Guarding>,
    stamp: Stamp,
    write: impl FnOnce(Stamp) -> Box<dyn StreamWriter>,
) -> Box<dyn StreamWriter> {
    if !guarding.restores() {
        return write(stamp);
    }
    // What the answer repeats of the request is what the caller wrote.
    let echo = stamp.echo.map(|echo| guarding.vault.borrow().restored(&echo, Form::Json).into());
    let inner = write(Stamp { echo, ..stamp });
    Box::new(Writing { inner, guarding: guarding.clone(), texts: Vec::new() })
}

struct Writing {
    inner: Box<dyn StreamWriter>,
    guarding: Rc<Guarding>,
    texts: Vec<(u32, Channel, Restorer)>,
}

impl StreamWriter for Writing {
    fn write(&mut self, mut event: Event, out: &mut bytes::BytesMut) {
        for (choice, channel, restorer) in &mut self.texts {
            if restorer.holds() && ends(&mut event, *choice, *channel) {
                let mut rest = String::new();
                restorer.finish(&mut rest);
                self.inner.write(Event::Delta { choice: *choice, delta: channel.delta(rest) }, out);
            }
        }
        // Probabilities of the tokens of a placeholder would tell of it.
        if let Event::Delta { delta: Delta::Logprobs(_), .. } = event {
            return;
        }
        let Some((choice, channel, piece)) = text(&mut event) else {
            self.inner.write(event, out);
            return;
        };
        let at = self.texts.iter().position(|(known, own, _)| (*known, *own) == (choice, channel));
        let at = at.unwrap_or_else(|| {
            // Of more texts than anybody writes the last ones share a place.
            if self.texts.len() < MOST_CHANNELS {
                self.texts.push((choice, channel, Restorer::new(channel.form())));
            }
            self.texts.len() - 1
        });
        let mut restored = String::with_capacity(piece.len());
        self.texts[at].2.push(&self.guarding.vault.borrow(), piece, &mut restored);
        if !restored.is_empty() || piece.is_empty() {
            *piece = restored;
            self.inner.write(event, out);
        }
    }

    fn given_up(&self) -> Option<bytes::BytesMut> {
        self.inner.given_up()
    }
}
