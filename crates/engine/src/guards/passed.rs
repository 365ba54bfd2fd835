//! Calls that are passed on are looked over like all others. Of those of which nobody knows what they ask for, all texts
//! are: those of the body and of the query. What cannot be read is refused rather than passed on unread.

use std::rc::Rc;

use bytes::Bytes;
use dialects::json::{Doc, Json, Kind, Object, Writer};
use percent_encoding::percent_decode_str;
use types::Fault;

use super::before::{chosen, look};
use super::fields::FieldGuard;
use super::scope::{Scope, Spread};
use super::{Guard, Guarding, remote};
use crate::ask::Ask;
use crate::record::Record;
use crate::{Caller, Gate, Setup};

/// Most fields of a query that are looked over.
const MOST_FIELDS: usize = 1024;

/// A call that is to be passed on.
pub(crate) struct Passed<'a> {
    /// The guardrails of the passage.
    pub own: &'a [FieldGuard],
    /// Where in its body something is said.
    pub spread: Spread,
    /// What is sent, if nobody knows what is asked for.
    pub unknown: Option<Unknown<'a>>,
}

/// A call of which nobody knows what it asks for.
pub(crate) struct Unknown<'a> {
    /// The body; `None` if it goes on as it comes.
    pub body: Option<&'a Bytes>,
    /// The query.
    pub query: Option<&'a str>,
}

/// What goes on instead.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Instead {
    /// Instead of the body.
    pub body: Option<Bytes>,
    /// Instead of the query.
    pub query: Option<String>,
}

/// Looks a call over that is to be passed on. It is refused, or goes on with what is left of it.
pub(crate) async fn passed(
    (gate, call_id, record): (&Rc<Gate>, &str, Option<&Rc<Record>>),
    setup: &Setup,
    caller: &Caller,
    ask: &mut Ask,
    what: Passed<'_>,
) -> Result<Instead, Fault> {
    let guards = chosen(setup, caller, ask, what.own, what.unknown.is_none())?;
    if guards.is_empty() {
        return Ok(Instead::default());
    }
    let mut guarding = Guarding::new(guards);
    guarding.scope = Scope { spread: what.spread, own: what.own.to_vec(), enveloped: what.unknown.is_some() };
    let Some(unknown) = what.unknown else {
        let before = ask.body.bytes().clone();
        look_over((gate, call_id, record), guarding, ask).await?;
        let is_changed = *ask.body.bytes() != before;
        return Ok(Instead { body: is_changed.then(|| ask.spliced(&[]).concat().into()), query: None });
    };
    let kept = ask.body.bytes().clone();
    let envelope = match envelope(&guarding, &unknown) {
        Ok(envelope) => Object::parse(envelope)?,
        Err(fault) => {
            ask.shown = Some(Bytes::new());
            ask.guarding = Some(Rc::new(guarding));
            return Err(fault);
        }
    };
    let before = envelope.bytes().clone();
    ask.say_instead(envelope);
    let result = look_over((gate, call_id, record), guarding, ask).await;
    let after = ask.body.bytes().clone();
    // What is kept of it is its body, as always.
    let shown = ask.shown.take().map(|shown| content(&shown, &Bytes::new()));
    let shown = shown.or_else(|| (after != before).then(|| content(&after, &kept)));
    ask.say_instead(Object::parse(kept)?);
    ask.shown = shown;
    result?;
    match after == before {
        true => Ok(Instead::default()),
        false => Ok(left(&unknown, &before, &after)),
    }
}

async fn look_over(
    (gate, call_id, record): (&Rc<Gate>, &str, Option<&Rc<Record>>),
    guarding: Guarding,
    ask: &mut Ask,
) -> Result<(), Fault> {
    look(guarding, ask)?;
    remote::before(gate, ask, call_id).await?;
    // Nothing is sent before they have said something: there is no attempt that could be given up.
    let said = remote::during(ask, record).await;
    if said.is_err() {
        ask.shown = Some(Bytes::new());
    }
    said
}

impl Guard {
    fn minds_requests(&self) -> bool {
        (self.modes.pre || self.modes.during) && !self.check.is_of_answers()
    }
}

impl Guarding {
    /// Whether a guardrail of the passage looks at answers.
    pub fn has_own_of_answers(&self) -> bool {
        let own = |guard: &&std::sync::Arc<Guard>| self.scope.own.iter().any(|own| own.name == guard.name);
        self.of_mode(|modes| modes.post).any(|guard| own(&guard))
    }

    /// A refusal of what nobody can look over, if somebody had to: the names, and what it is that cannot be.
    pub fn unreadable(&self, what: &str) -> Fault {
        let names = self.names().join("', '");
        let message = format!("guardrail '{names}' applies to this call, and {what}, so it is refused");
        Fault { code: Some("guardrail_unsupported".to_owned()), ..Fault::invalid(message) }
    }
}

/// Body and query of a call as one JSON text, to be looked over together.
fn envelope(guarding: &Guarding, unknown: &Unknown) -> Result<Bytes, Fault> {
    let minds = guarding.guards.iter().any(|guard| guard.minds_requests());
    let body = match unknown.body.map(|body| body.trim_ascii()) {
        Some([]) => "null",
        Some(body) if Doc::parse(body).is_ok() => std::str::from_utf8(body).unwrap_or("null"),
        // Nobody who looks at answers alone needs it.
        _ if !minds => "null",
        _ => return Err(guarding.unreadable("its body is no JSON that could be looked over")),
    };
    let fields: Vec<_> = fields(unknown.query).collect();
    if fields.len() > MOST_FIELDS {
        return Err(guarding.unreadable("its query has more fields than are looked over"));
    }
    let envelope = Writer::document(|w| {
        w.key("query");
        w.array(|w| fields.iter().for_each(|(_, value)| w.string(value)));
        w.key("body");
        w.json(body);
    });
    Ok(envelope.freeze())
}

/// Names and values of a query, the values as they are meant; a field without a value is one that has no name.
fn fields(query: Option<&str>) -> impl Iterator<Item = (&str, String)> {
    let fields = query.unwrap_or_default().split('&').filter(|field| !field.is_empty());
    fields.map(|field| {
        let (name, value) = field.split_once('=').unwrap_or(("", field));
        let value = value.replace('+', " ");
        (name, percent_decode_str(&value).decode_utf8_lossy().into_owned())
    })
}

/// The body in an envelope; `nothing` if it has none that could be an object.
fn content(envelope: &Bytes, nothing: &Bytes) -> Bytes {
    let Ok(doc) = Doc::parse(envelope) else { return nothing.clone() };
    match doc.root().get("body").filter(|body| body.kind() == Kind::Object) {
        Some(body) => envelope.slice(body.span().0..body.span().1),
        None => nothing.clone(),
    }
}

/// What has changed in an envelope.
fn left(unknown: &Unknown, before: &Bytes, after: &Bytes) -> Instead {
    let part = |text: &Bytes, name: &str| {
        let doc = Doc::parse(text).ok()?;
        doc.root().get(name).map(|value| text.slice(value.span().0..value.span().1))
    };
    let body = part(after, "body").filter(|body| part(before, "body").as_ref() != Some(body));
    let values = part(after, "query").filter(|query| part(before, "query").as_ref() != Some(query));
    let query = values.map(|values| written(unknown.query, &values));
    Instead { body, query }
}

/// The query with these values; those that are as they were stay as they were written.
fn written(query: Option<&str>, values: &[u8]) -> String {
    let Ok(doc) = Doc::parse(values) else { return String::new() };
    let text = |value: Json| value.as_string().unwrap_or_default();
    let given = query.unwrap_or_default().split('&').filter(|field| !field.is_empty());
    let fields = given.zip(fields(query)).zip(doc.root().items().map(text)).map(|((given, (name, before)), value)| {
        let encoded = || percent_encoding::utf8_percent_encode(&value, percent_encoding::NON_ALPHANUMERIC).to_string();
        match (value == before, given.contains('=')) {
            (true, _) => given.to_owned(),
            (false, true) => format!("{name}={}", encoded()),
            (false, false) => encoded(),
        }
    });
    fields.collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(query: &str, body: &str, change: impl Fn(&str) -> String, expected: (Option<&str>, Option<&str>)) {
        let bytes = Bytes::copy_from_slice(body.as_bytes());
        let unknown = Unknown { body: Some(&bytes), query: Some(query) };
        let before = envelope(&Guarding::new(Vec::new()), &unknown).unwrap();
        let after: Bytes = change(std::str::from_utf8(&before).unwrap()).into();
        let left = left(&unknown, &before, &after);
        assert_eq!((left.body.as_deref(), left.query.as_deref()), (expected.0.map(str::as_bytes), expected.1));
    }

    #[test]
    fn what_is_changed_in_an_envelope_is_changed_where_it_came_from() {
        let masked = |text: &str| text.replace("secret", "<S 1>");
        check("a=1&b=se%63ret&flag", r#"{"x":1}"#, masked, (None, Some("a=1&b=%3CS%201%3E&flag")));
        check("a=1", r#" {"x":"a secret"} "#, masked, (Some(r#"{"x":"a <S 1>"}"#), None));
        check("secret&c", "[\"secret\"]", masked, (Some("[\"<S 1>\"]"), Some("%3CS%201%3E&c")));
        check("a=b+c", "", |text| text.replace("b c", "d"), (None, Some("a=d")));
        check("", "", str::to_owned, (None, None));
    }
}
