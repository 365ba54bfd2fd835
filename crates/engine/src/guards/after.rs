//! A whole answer is looked over before it goes on.

use std::borrow::Cow;

use bytes::Bytes;
use dialects::json::{self, Doc};
use guardrails::{Action, Form};
use tokio::time::Instant;
use types::Fault;

use super::before::{spliced, text_of};
use super::cover::{Hit, cover};
use super::scope::{Half, Picked, picks};
use super::texts::Piece;
use super::verdict::Tally;
use super::{Check, Guard, Guarding, refusal};

/// What a text of an answer became.
type Change = (usize, usize, String);

impl Guarding {
    /// What [`Guarding::answered`] makes of an answer, and those who are asked by network of that.
    pub async fn look_over(&self, answer: Bytes) -> Result<Bytes, Fault> {
        let answer = self.answered(answer)?;
        match self.asks_about_answers() {
            true => Box::pin(self.asked_about(answer)).await,
            false => Ok(answer),
        }
    }

    /// The answer as it is kept and told, looked over by those who look at answers: it is refused, or what they want
    /// masked is. What does not read like JSON is passed on, for others to complain about.
    pub fn answered(&self, answer: Bytes) -> Result<Bytes, Fault> {
        if self.of_mode(|modes| modes.post).next().is_none() {
            return Ok(answer);
        }
        let Ok(doc) = Doc::parse_answer(&answer) else { return Ok(answer) };
        let pieces = self.scope.texts(Half::Answer, doc.root());
        let mut calls = Vec::new();
        called(doc.root(), &mut calls);
        let said = |picked: &Picked| {
            let plain = pieces.iter().filter(|piece| piece.form == Form::Plain && picks(picked, piece));
            plain.filter_map(|piece| piece.json.as_str()).collect::<String>()
        };
        let all_said = said(&None);
        let mut changes = Vec::new();
        let mut refused = None;
        let mut masking: Vec<Vec<Hit>> = vec![Vec::new(); pieces.len()];
        for guard in self.of_mode(|modes| modes.post) {
            if guard.check.is_remote() {
                continue;
            }
            let mut tally = Tally::default();
            let began = Instant::now();
            let picked = self.scope.picked(guard, Half::Answer, doc.root());
            match &picked {
                None => judge(self, guard, &all_said, &calls, &mut tally),
                picked => judge(self, guard, &said(picked), &calls, &mut tally),
            }
            for (piece, masking) in pieces.iter().zip(&mut masking).filter(|(piece, _)| picks(&picked, piece)) {
                let hits = guard.check.find(&text_of(piece));
                hits.iter().for_each(|hit| tally.found(hit.name, hit.action));
                masking.extend(hits.into_iter().filter(|hit| hit.action.masks()));
            }
            tally.took = began.elapsed();
            self.verdicts.add(tally.verdict(&guard.name, "post_call"));
            if tally.blocks() && refused.is_none() {
                refused = Some(refusal(&guard.name, "answer", &tally.classes()));
            }
        }
        if let Some(fault) = refused {
            return Err(fault);
        }
        for (piece, hits) in pieces.iter().zip(masking).filter(|(_, hits)| !hits.is_empty()) {
            let text = text_of(piece);
            // What the model wrote itself is nothing to put back.
            changes.push(change(piece, &cover(&text, piece.form, hits, false, &mut self.vault.borrow_mut())));
        }
        Ok(spliced(&answer, changes))
    }

    /// The answer as it is kept, without what those find who mind only that.
    pub fn logged(&self, answer: Bytes) -> Bytes {
        if self.of_mode(|modes| modes.logging).next().is_none() {
            return answer;
        }
        let Ok(doc) = Doc::parse_answer(&answer) else { return answer };
        let mut changes = Vec::new();
        for piece in self.scope.texts(Half::Answer, doc.root()) {
            let Some(text) = piece.json.as_str() else { continue };
            let hits: Vec<Hit> =
                self.of_mode(|modes| modes.logging).flat_map(|guard| guard.check.find(&text)).collect();
            if !hits.is_empty() {
                changes.push(change(&piece, &cover(&text, piece.form, hits, false, &mut self.vault.borrow_mut())));
            }
        }
        drop(doc);
        spliced(&answer, changes)
    }

    /// The answer as its caller gets it: with its values in their places.
    pub fn restored(&self, answer: Bytes) -> Bytes {
        let vault = self.vault.borrow();
        if !vault.restores() {
            return answer;
        }
        let Ok(doc) = Doc::parse_answer(&answer) else { return answer };
        let mut changes = Vec::new();
        for piece in self.scope.texts(Half::Answer, doc.root()) {
            let Some(text) = piece.json.as_str() else { continue };
            if let Cow::Owned(restored) = vault.restored(&text, piece.form)
                && restored != text
            {
                changes.push(change(&piece, &restored));
            }
        }
        // Probabilities of the tokens of a placeholder would tell of it.
        probabilities(doc.root(), &mut changes);
        changes.sort_by_key(|(start, ..)| *start);
        drop(doc);
        spliced(&answer, changes)
    }
}

/// What a guardrail says to an answer as a whole.
pub(super) fn judge(guarding: &Guarding, guard: &Guard, said: &str, calls: &[String], tally: &mut Tally) {
    match &guard.check {
        Check::Tools(permission) => {
            for name in calls {
                if let Err(rule) = permission.check(name) {
                    tally.found(rule.unwrap_or("not allowed"), Action::Block);
                }
            }
        }
        Check::Language(allowed) => {
            if let Some(language) =
                policy::language(said).filter(|language| !allowed.iter().any(|known| known == language))
            {
                tally.found(language, Action::Block);
            }
        }
        Check::Size(size) if size.output_chars.is_some_and(|most| said.chars().count() as u64 > most) => {
            tally.found("characters", Action::Block);
        }
        // A call of a tool is no answer yet.
        Check::Form(format) if calls.is_empty() && !guarding.fits(said, format.as_ref()) => {
            tally.found("json_schema", Action::Block);
        }
        _ => {}
    }
}

/// Names of the tools that an answer calls, in whatever dialect.
fn called(value: json::Json, calls: &mut Vec<String>) {
    use json::Kind;
    match value.kind() {
        Kind::Array => value.items().for_each(|item| called(item, calls)),
        Kind::Object => {
            let is = |kind: &str| value.get("type").is_some_and(|own| own.is(kind));
            let own = ["arguments", "args", "toolUseId"].iter().any(|name| value.get(name).is_some()) || is("tool_use");
            if own && let Some(name) = value.get_some("name").and_then(|name| name.as_string()) {
                calls.push(name);
            }
            if !own {
                value.fields().for_each(|(_, value)| called(value, calls));
            }
        }
        _ => {}
    }
}

fn probabilities(value: json::Json, changes: &mut Vec<Change>) {
    for item in value.items() {
        probabilities(item, changes);
    }
    for (key, field) in value.fields() {
        match ["logprobs", "logprobsResult"].iter().any(|name| key.is(name)) {
            true => {
                let (start, end) = field.span();
                changes.push((start, end, "null".to_owned()));
            }
            false => probabilities(field, changes),
        }
    }
}

fn change(piece: &Piece, text: &str) -> Change {
    let (start, end) = piece.json.span();
    (start, end, json::string(text))
}
