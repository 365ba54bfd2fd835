//! A call is looked over before anything else is done with it.

use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use dialects::json::{self, Doc, Json, Kind, Object};
use dialects::spell_out;
use guardrails::{Action, Vault};
use tokio::time::Instant;
use types::{Fault, FaultKind, Operation, Request, Side};

use super::cover::{Hit, cover};
use super::fields::FieldGuard;
use super::scope::{Half, Picked, picks};
use super::texts::{self, Piece, Who};
use super::verdict::Tally;
use super::{Check, Guard, Guarding, Modes, refusal};
use crate::ask::Ask;
use crate::{Caller, Setup};

/// Chooses the guardrails of a call and asks those that can say something to the request. The call is refused, or goes
/// on with what is left of it. Either way nothing that was found stands in it any more.
pub(crate) fn before(setup: &Setup, caller: &Caller, ask: &mut Ask) -> Result<(), Fault> {
    let guards = chosen(setup, caller, ask, &[], true)?;
    if guards.is_empty() {
        return Ok(());
    }
    look(Guarding::new(guards), ask)
}

/// Has these guardrails look the call over, and its answer later.
pub(super) fn look(mut guarding: Guarding, ask: &mut Ask) -> Result<(), Fault> {
    guarding.format = wanted_form(&guarding, ask);
    let result = look_over(&guarding, ask);
    ask.guarding = Some(Rc::new(guarding));
    result
}

/// Those that are for everybody, and those that the key, its team or the passage names, or the call itself where it
/// `may_name` some.
pub(super) fn chosen(
    setup: &Setup,
    caller: &Caller,
    ask: &mut Ask,
    passage: &[FieldGuard],
    may_name: bool,
) -> Result<Vec<Arc<Guard>>, Fault> {
    let named = || may_name && (ask.has_own_field("guardrails") || ask.body.with(in_metadata));
    if setup.guardrails.all().is_empty() && caller.guards.names.is_empty() && passage.is_empty() && !named() {
        return Ok(Vec::new());
    }
    let chosen = choose(setup, caller, ask, passage, may_name);
    // Nobody looked it over, so none of it is kept.
    chosen.inspect_err(|_| ask.shown = Some(Bytes::new()))
}

fn choose(
    setup: &Setup,
    caller: &Caller,
    ask: &Ask,
    passage: &[FieldGuard],
    may_name: bool,
) -> Result<Vec<Arc<Guard>>, Fault> {
    let all = setup.guardrails.all();
    let asked = if may_name { ask.body.with(names_in) } else { Vec::new() };
    let unknown = |name: &&String| setup.guardrails.find(name).is_none();
    if let Some(name) = asked.iter().find(unknown) {
        let known: Vec<&str> = all.iter().map(|guard| guard.name.as_str()).collect();
        let message = format!("there is no guardrail '{name}'; known: {}", known.join(", "));
        return Err(Fault::invalid_param("guardrails", message));
    }
    if let Some(name) = caller.guards.names.iter().find(unknown) {
        // What a key must not do without is not left out silently.
        let message = format!("guardrail '{name}' of this key or its team is not configured");
        return Err(Fault::new(FaultKind::Unavailable, Side::Gateway, message));
    }
    let own = || passage.iter().map(|own| &own.name);
    if let Some(name) = own().find(unknown) {
        let message = format!("guardrail '{name}' of this path is not configured");
        return Err(Fault::new(FaultKind::Unavailable, Side::Gateway, message));
    }
    let named = |guard: &Guard| asked.iter().chain(&caller.guards.names).chain(own()).any(|name| *name == guard.name);
    let applies = |guard: &&Arc<Guard>| guard.default_on && !caller.guards.own_only || named(guard);
    Ok(all.iter().filter(applies).cloned().collect())
}

/// The guardrails that a call asks for: a list at the top, or in its metadata.
fn names_in(root: Json) -> Vec<String> {
    let mut names = Vec::new();
    let mut add = |object: Json| {
        let Some(list) = object.get_some("guardrails") else { return };
        list.inside(|list| {
            for one in list.one_or_many().take(super::MOST_NAMES) {
                // With settings of its own, a name is the key of an object.
                let keys = one.fields().filter_map(|(key, _)| key.as_string());
                names.extend(one.as_string().into_iter().chain(keys));
            }
        });
    };
    add(root);
    for metadata in ["metadata", "litellm_metadata"] {
        root.get_some(metadata).and_then(|metadata| metadata.inside(&mut add));
    }
    names
}

/// The form that the answer must have, if a guardrail wants to know.
fn wanted_form(guarding: &Guarding, ask: &Ask) -> Option<types::Format> {
    guarding.guards.iter().find(|guard| matches!(guard.check, Check::Form(None)))?;
    match ask.request().ok()? {
        Request::Chat(chat) => chat.format,
        Request::Completion(completion) => completion.settings.format,
        _ => None,
    }
}

/// Whether the metadata of a call says something about guardrails.
fn in_metadata(root: Json) -> bool {
    let metadata = ["metadata", "litellm_metadata"].into_iter().filter_map(|name| root.get_some(name));
    metadata.into_iter().any(|metadata| memchr::memmem::find(metadata.raw().as_bytes(), b"\"guardrails\"").is_some())
}

/// What one text became: where it stood, and what stands there.
type Change = (usize, usize, String);

fn look_over(guarding: &Guarding, ask: &mut Ask) -> Result<(), Fault> {
    let spelled_out = spell_out(ask.operation, &ask.body).inspect_err(|_| ask.shown = Some(Bytes::new()))?;
    if let Some(edit) = spelled_out {
        ask.say_instead(Object::parse(ask.body.splice(&[edit]).concat().into())?);
    }
    let body = ask.body.bytes().clone();
    let doc = Doc::parse(&body).inspect_err(|_| ask.shown = Some(Bytes::new()))?;
    let mut tallies: Vec<Tally> = vec![Tally::default(); guarding.guards.len()];
    let pieces = guarding.scope.texts(Half::Request, doc.root());
    let pick = |guard: &Arc<Guard>| guarding.scope.picked(guard, Half::Request, doc.root());
    let picked: Vec<Picked> = guarding.guards.iter().map(pick).collect();
    if memchr::memchr(b'<', &body).is_some() || memchr::memmem::find(&body, b"\\u003").is_some() {
        let mut vault = guarding.vault.borrow_mut();
        pieces.iter().for_each(|piece| vault.avoid(&text_of(piece)));
    }
    let (mut changes, mut shown) = (Vec::new(), Vec::new());
    for piece in &pieces {
        let text = text_of(piece);
        let mut finds = Vec::new();
        let mut kept = Vec::new();
        let all = guarding.guards.iter().zip(&picked).zip(&mut tallies);
        for ((guard, picked), tally) in all {
            if !minds(guard, piece.who) || !picks(picked, piece) {
                continue;
            }
            let began = Instant::now();
            let found = find(guard, &text, piece.who, ask.operation, tally);
            tally.took += began.elapsed();
            match guard.modes.pre || guard.modes.during {
                true => finds.extend(found.into_iter().map(|find| match guard.modes.pre {
                    true => find,
                    // Beside the call nothing can be changed.
                    false => Hit { action: if find.action.masks() { Action::Log } else { find.action }, ..find },
                })),
                // What is kept is for nobody to be put back.
                false => kept.extend(found.into_iter().map(|find| Hit { action: Action::Mask, ..find })),
            }
        }
        let mut vault = guarding.vault.borrow_mut();
        let logged = finds.iter().chain(&kept);
        if kept.is_empty() && !finds.iter().any(|find| find.action == Action::Block) {
            // What goes on is what is kept.
        } else if let Some(change) = masked(piece, &text, logged, &mut vault) {
            shown.push(change);
        }
        if let Some(change) = masked(piece, &text, finds.iter().filter(|find| find.action.masks()), &mut vault) {
            changes.push(change);
        }
    }
    whole(guarding, guarding.scope.body(Half::Request, doc.root()), (&pieces, &picked), &mut tallies);
    let mut refused = None;
    for (guard, tally) in guarding.guards.iter().zip(&tallies) {
        if guard.check.is_of_answers() || guard.check.is_remote() {
            continue;
        }
        for mode in guard.modes.names().filter(|mode| *mode != "post_call") {
            guarding.verdicts.add(tally.verdict(&guard.name, mode));
        }
        if tally.blocks() && (guard.modes.pre || guard.modes.during) && refused.is_none() {
            refused = Some(refusal(&guard.name, "request", &tally.classes()));
        }
    }
    drop(pieces);
    drop(doc);
    if !shown.is_empty() {
        // What is kept of the call has none of it, whether the call goes on or not.
        let places: Vec<usize> = shown.iter().map(|(start, ..)| *start).collect();
        shown.extend(changes.iter().filter(|(start, ..)| !places.contains(start)).cloned());
        shown.sort_by_key(|(start, ..)| *start);
        ask.shown = Some(spliced(&body, shown));
    }
    if !changes.is_empty() {
        ask.say_instead(Object::parse(spliced(&body, changes))?);
    }
    match refused {
        Some(fault) => Err(fault),
        None => Ok(()),
    }
}

fn minds(guard: &Guard, who: Who) -> bool {
    let Modes { pre, during, logging, .. } = guard.modes;
    (pre || during || logging)
        && !(guard.skips_system && who == Who::System)
        && !(guard.skips_tools && who == Who::Tool)
}

/// A piece's text: of a number, its digits.
pub(super) fn text_of<'d>(piece: &Piece<'d>) -> std::borrow::Cow<'d, str> {
    piece.json.as_str().unwrap_or(std::borrow::Cow::Borrowed(piece.json.raw()))
}

/// What a guardrail finds in a text.
fn find<'g>(guard: &'g Guard, text: &str, who: Who, operation: Operation, tally: &mut Tally) -> Vec<Hit<'g>> {
    if let Check::Injection(injection) = &guard.check
        // What the operator's own application says is no try.
        && matches!(who, Who::User | Who::Tool)
        && injection.is_in(text)
    {
        tally.found("prompt_injection", Action::Block);
    }
    let mut hits = guard.check.find(text);
    for hit in &mut hits {
        if hit.action == Action::Unmask && !operation.writes() && operation != Operation::PassThrough {
            // Nothing comes back in which a value could be put.
            hit.action = Action::Mask;
        }
        tally.found(hit.name, hit.action);
    }
    hits
}

/// What can only be said of a request as a whole.
fn whole(guarding: &Guarding, root: Json, (pieces, picked): (&[Piece], &[Picked]), tallies: &mut [Tally]) {
    for ((guard, picked), tally) in guarding.guards.iter().zip(picked).zip(tallies) {
        let pieces = || pieces.iter().filter(|piece| picks(picked, piece));
        if !(guard.modes.pre || guard.modes.during || guard.modes.logging) {
            continue;
        }
        let began = Instant::now();
        match &guard.check {
            Check::Tools(permission) => {
                for name in texts::tools(root) {
                    if let Err(rule) = permission.check(&name) {
                        tally.found(rule.unwrap_or("not allowed"), Action::Block);
                    }
                }
            }
            Check::Language(allowed) => {
                let own = pieces().rev().find(|piece| piece.who == Who::User);
                let language = own.and_then(|piece| policy::language(&text_of(piece)));
                if let Some(language) = language.filter(|language| !allowed.iter().any(|known| known == language)) {
                    tally.found(language, Action::Block);
                }
            }
            Check::Size(size) => {
                let chars = || pieces().map(|piece| text_of(piece).chars().count() as u64).sum::<u64>();
                if size.input_chars.is_some_and(|most| chars() > most) {
                    tally.found("characters", Action::Block);
                }
                if size.messages.is_some_and(|most| texts::messages(root) > most) {
                    tally.found("messages", Action::Block);
                }
            }
            _ => {}
        }
        tally.took += began.elapsed();
    }
}

/// The JSON value that stands for a piece when finds are masked.
fn masked<'h>(piece: &Piece, text: &str, hits: impl Iterator<Item = &'h Hit<'h>>, vault: &mut Vault) -> Option<Change> {
    let hits: Vec<Hit> = hits.copied().collect();
    if hits.is_empty() {
        return None;
    }
    let (start, end) = piece.json.span();
    debug_assert!(matches!(piece.json.kind(), Kind::String | Kind::Number));
    Some((start, end, json::string(&cover(text, piece.form, hits, true, vault))))
}

/// A body with other values in these places.
pub(super) fn spliced(body: &Bytes, changes: impl IntoIterator<Item = (usize, usize, String)>) -> Bytes {
    let (mut out, mut at) = (Vec::with_capacity(body.len()), 0);
    for (start, end, instead) in changes {
        out.extend_from_slice(&body[at..start]);
        out.extend_from_slice(instead.as_bytes());
        at = end;
    }
    out.extend_from_slice(&body[at..]);
    out.into()
}
