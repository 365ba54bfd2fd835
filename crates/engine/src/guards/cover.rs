//! Placeholders go where something was found.

use dialects::json;
use guardrails::{Action, Class, Form, Vault};

/// A find in a text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hit<'g> {
    pub start: usize,
    pub end: usize,
    pub class: Class,
    /// What verdicts call it.
    pub name: &'g str,
    pub action: Action,
}

/// The text with a placeholder for each find. Where finds overlap, the first and longest counts, and of the others what
/// reaches beyond it. What is to be put back is, if `restored`.
pub(super) fn cover(text: &str, form: Form, mut hits: Vec<Hit>, restored: bool, vault: &mut Vault) -> String {
    hits.sort_by_key(|hit| (hit.start, std::cmp::Reverse(hit.end), std::cmp::Reverse(hit.action)));
    let (mut out, mut at) = (String::with_capacity(text.len()), 0);
    for hit in hits.into_iter().filter(|hit| hit.start < hit.end) {
        if hit.end <= at {
            continue;
        }
        let start = hit.start.max(at);
        out.push_str(&text[at..start]);
        let value = &text[start..hit.end];
        let (value, bare) = match form {
            Form::Json => (json::unescape(value), is_bare(text, start, hit.end)),
            Form::Plain => (value.into(), false),
        };
        let placeholder = vault.mask(hit.class, &value, restored && hit.action == Action::Unmask);
        match bare {
            true => out.push_str(&json::string(placeholder)),
            false => out.push_str(placeholder),
        }
        at = hit.end;
    }
    out.push_str(&text[at..]);
    out
}

/// Whether what stands in a JSON text from `start` to `end` is a number of its own: a placeholder needs quotes there.
fn is_bare(text: &str, start: usize, end: usize) -> bool {
    let before = text[..start].trim_end().bytes().next_back();
    let after = text[end..].trim_start().bytes().next();
    let between = matches!(before, Some(b':' | b'[' | b',')) && matches!(after, Some(b',' | b'}' | b']'));
    between && text[start..end].bytes().all(|byte| byte.is_ascii_digit()) && !is_quoted(&text[..start])
}

/// Whether a JSON text breaks off within a string.
fn is_quoted(text: &str) -> bool {
    let mut quoted = false;
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' if quoted => drop(bytes.next()),
            b'"' => quoted = !quoted,
            _ => {}
        }
    }
    quoted
}
