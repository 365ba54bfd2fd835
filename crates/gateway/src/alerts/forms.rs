//! How alerts look in each channel. Names in them are chosen by users: what a channel would take for markup in a name is
//! written so that it is none, and nobody is called by one.

mod discord;
mod letter;
mod slack;
mod teams;

use serde_json::Value;

pub use letter::Letter;

use super::alert::{Alert, cut};
use crate::config::Form;

/// An alert as a channel takes it; `home` is where people find the gateway.
pub fn write(form: Form, alert: &Alert, home: Option<&str>) -> Value {
    match form {
        Form::Slack => slack::write(alert, home),
        Form::Discord => discord::write(alert, home),
        Form::Teams => teams::write(alert, home),
        Form::Webhook => alert.for_programs(),
    }
}

/// An alert as mail.
pub fn letter(alert: &Alert, home: Option<&str>) -> Letter {
    Letter::of(alert, home)
}

/// Most characters of a name in a table.
const CELL: usize = 48;

/// A name as it fits into a table.
fn cell(text: &str) -> String {
    cut(text, CELL)
}

/// A table in letters of one width. No name ends the block that it stands in.
fn plain(rows: &[(String, String)]) -> String {
    let rows: Vec<_> =
        rows.iter().map(|(name, value)| (cell(name).replace('`', "'"), value.replace('`', "'"))).collect();
    let wide = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let lines = rows.iter().map(|(name, value)| format!("{name:wide$}  {value}"));
    lines.collect::<Vec<_>>().join("\n")
}

/// Markdown in which `text` is only itself.
fn escaped(text: &str) -> String {
    let mut all = String::with_capacity(text.len());
    for character in text.chars() {
        if "\\`*_~[]<>|#@".contains(character) {
            all.push('\\');
        }
        all.push(character);
    }
    all
}

#[cfg(test)]
mod tests;
