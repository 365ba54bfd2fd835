//! Decoders among hostile bytes. Each target takes any bytes and panics where a decoder breaks a promise: it comes to an
//! end, it does not panic, what it gives out is in proportion to what it got, where the network cuts a stream changes nothing,
//! and what is accepted is written again as what it should be.
//!
//! The tests run every target over the fixtures, what was found before, and mutations of both that a seed makes up. In
//! `fuzz/`, beside the workspace, the same targets are for cargo-fuzz, which looks for inputs by what they reach.

mod bodies;
mod forms;
mod json;
mod streams;
#[cfg(test)]
mod tests;

/// A target: its name, and what it does with some bytes.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: [Target; 5] = [
    ("json", json::run),
    ("requests", bodies::requests),
    ("answers", bodies::answers),
    ("streams", streams::run),
    ("forms", forms::run),
];

/// Runs the target of this name.
pub fn run(name: &str, data: &[u8]) {
    let target = TARGETS.iter().find(|(known, _)| *known == name);
    target.unwrap_or_else(|| panic!("no target is called {name}")).1(data);
}

/// Most bytes that anything may become.
fn in_proportion(what: &str, input: &[u8], output: usize) {
    assert!(output <= (1 << 20) + 1000 * input.len(), "{what}: {output} bytes of {}", input.len());
}

/// Whether it is JSON, as somebody else judges.
fn is_json(text: &[u8]) -> bool {
    serde_json::from_slice::<serde_json::Value>(text).is_ok()
        || serde_json::from_slice::<serde::de::IgnoredAny>(text).is_ok()
}

fn must_be_json(what: &str, text: &[u8]) {
    assert!(is_json(text), "{what}: {}", String::from_utf8_lossy(text));
}
