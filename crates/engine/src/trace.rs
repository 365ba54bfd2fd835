//! W3C Trace Context: the caller's place in a trace is read, the call becomes a span under it, and each attempt one under
//! the call. Providers get to know only if the operator wants that.

use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue};
use store::{Aside, Trace};

use crate::{Dice, Telemetry};

const PARENT: &str = "traceparent";
const STATE: &str = "tracestate";
/// Longest state that is passed on, bytes: the standard asks for this much.
const LONGEST_STATE: usize = 512;

/// The trace of a call that came with these headers; a new one, if it brought none.
pub(crate) fn begin(headers: &HeaderMap, dice: &mut Dice) -> Arc<Trace> {
    let span = odd(dice);
    Arc::new(match parent(headers) {
        Some((id, parent, sampled)) => Trace { id, parent: Some(parent), span, sampled, state: state(headers) },
        None => {
            let id = u128::from(odd(dice)) << 64 | u128::from(odd(dice));
            Trace { id, parent: None, span, sampled: true, state: None }
        }
    })
}

/// A span that begins.
pub(crate) fn span(dice: &mut Dice) -> u64 {
    odd(dice)
}

/// Tells a provider which span its work belongs to: the attempt's, or the caller's own if nobody is told of ours.
pub(crate) fn pass_on(aside: &Aside, telemetry: &Telemetry, headers: &mut HeaderMap) {
    let Some(trace) = aside.trace.as_deref().filter(|_| telemetry.propagates) else { return };
    let Some(span) = (if telemetry.traces { Some(aside.span) } else { trace.parent }) else { return };
    let parent = format!("00-{:032x}-{span:016x}-{:02x}", trace.id, u8::from(trace.sampled));
    let mut set = |name, text: &str| {
        if let Ok(value) = HeaderValue::from_str(text) {
            headers.insert(HeaderName::from_static(name), value);
        }
    };
    set(PARENT, &parent);
    if let Some(state) = &trace.state {
        set(STATE, state);
    }
}

/// A random number that is not zero, as no id may be.
fn odd(dice: &mut Dice) -> u64 {
    dice.bits() | 1
}

/// Trace, span and whether it is sampled; nothing if it is not as the standard wants it.
fn parent(headers: &HeaderMap) -> Option<(u128, u64, bool)> {
    let mut all = headers.get_all(PARENT).iter();
    let (Some(value), None) = (all.next(), all.next()) else { return None };
    let text = value.to_str().ok()?.trim();
    let mut parts = text.split('-');
    let mut part = |length| parts.next().filter(|part| part.len() == length && part.bytes().all(is_digit));
    let (version, id, span, flags) = (part(2)?, part(32)?, part(16)?, part(2)?);
    if version == "ff" || version == "00" && parts.next().is_some() {
        return None;
    }
    let (id, span) = (u128::from_str_radix(id, 16).ok()?, u64::from_str_radix(span, 16).ok()?);
    let flags = u8::from_str_radix(flags, 16).ok()?;
    (id != 0 && span != 0).then_some((id, span, flags & 1 == 1))
}

/// A digit of a hexadecimal number: capitals are not allowed.
fn is_digit(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

fn state(headers: &HeaderMap) -> Option<Box<str>> {
    let parts: Option<Vec<&str>> = headers.get_all(STATE).iter().map(|value| value.to_str().ok()).collect();
    let state = parts?.join(",");
    (!state.is_empty() && state.len() <= LONGEST_STATE).then(|| state.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn a_caller_who_is_in_a_trace_stays_in_it() {
        let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let trace = begin(&headers(&[(PARENT, parent), (STATE, "a=1"), (STATE, "b=2")]), &mut Dice::new(1));
        assert_eq!(trace.id, 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736);
        assert_eq!((trace.parent, trace.sampled), (Some(0x00f0_67aa_0ba9_02b7), true));
        assert_eq!(trace.state.as_deref(), Some("a=1,b=2"));
        assert!(trace.span != 0 && Some(trace.span) != trace.parent);
        let later = "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00-more";
        let trace = begin(&headers(&[(PARENT, later)]), &mut Dice::new(1));
        assert_eq!((trace.parent, trace.sampled), (Some(0x00f0_67aa_0ba9_02b7), false), "a version to come");
    }

    #[test]
    fn what_is_no_trace_begins_a_new_one() {
        let (id, span) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
        for wrong in [
            String::new(),
            "x".to_owned(),
            format!("00-{id}-{span}"),
            format!("00-{id}-{span}-01-more"),
            format!("ff-{id}-{span}-01"),
            format!("00-{}-{span}-01", id.to_uppercase()),
            format!("00-{}-{span}-01", "0".repeat(32)),
            format!("00-{id}-{}-01", "0".repeat(16)),
            format!("00-{id}é-{span}-01"),
            format!("00-{id}-{span}-+1"),
        ] {
            let trace = begin(&headers(&[(PARENT, &wrong), (STATE, "a=1")]), &mut Dice::new(1));
            assert!(trace.parent.is_none() && trace.state.is_none() && trace.sampled && trace.id != 0, "{wrong}");
        }
        let good = format!("00-{id}-{span}-01");
        let twice = begin(&headers(&[(PARENT, &good), (PARENT, &good)]), &mut Dice::new(1));
        assert_eq!(twice.parent, None, "nobody knows which of two is meant");
        let long = headers(&[(PARENT, &good), (STATE, &"a".repeat(LONGEST_STATE + 1))]);
        assert_eq!(begin(&long, &mut Dice::new(1)).state, None);
    }

    #[test]
    fn a_provider_is_told_of_our_span_or_of_the_callers() {
        let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";
        let trace = begin(&headers(&[(PARENT, parent), (STATE, "a=1")]), &mut Dice::new(1));
        let aside = Aside { trace: Some(trace), span: 0xab, ..Aside::default() };
        let told = |traces, propagates| {
            let mut headers = HeaderMap::new();
            pass_on(&aside, &Telemetry { traces, propagates, ..Telemetry::default() }, &mut headers);
            let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
            (text(PARENT), text(STATE))
        };
        let ours = "00-4bf92f3577b34da6a3ce929d0e0e4736-00000000000000ab-00";
        assert_eq!(told(true, true), (Some(ours.to_owned()), Some("a=1".to_owned())));
        assert_eq!(told(false, true), (Some(parent.to_owned()), Some("a=1".to_owned())));
        assert_eq!(told(true, false), (None, None));
    }
}
