//! Typed access to the fields of a caller's request: what is missing or of the wrong kind becomes a 400 that
//! names the place, such as `messages[2].tool_calls[0].function`.

use std::borrow::Cow;

use types::Fault;

use crate::json::{Items, Json, Kind};

/// A field is not what it must be. The path grows from the inside out, so that it costs nothing when all is well.
#[derive(Debug)]
pub struct Wrong {
    path: String,
    problem: Cow<'static, str>,
}

impl Wrong {
    /// The value at hand has a problem; the text continues the path: "must be ...".
    pub fn new(problem: impl Into<Cow<'static, str>>) -> Self {
        Wrong { path: String::new(), problem: problem.into() }
    }

    fn kind(expected: &str, value: Json) -> Self {
        let got = match value.kind() {
            Kind::Number => value.raw().get(..24).unwrap_or(value.raw()),
            kind => kind.describe(),
        };
        Wrong::new(format!("must be {expected}, not {got}"))
    }

    fn under(mut self, outer: &str) -> Self {
        let dot = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        self.path = format!("{outer}{dot}{}", self.path);
        self
    }

    /// What is wrong, with the place, as one sentence.
    pub fn message(&self) -> String {
        match self.path.as_str() {
            "" => format!("the body {}", self.problem),
            path => format!("'{path}' {}", self.problem),
        }
    }
}

impl From<Wrong> for Fault {
    fn from(wrong: Wrong) -> Self {
        let message = wrong.message();
        match wrong.path.is_empty() {
            true => Fault::invalid(message),
            false => Fault::invalid_param(wrong.path, message),
        }
    }
}

/// Tells a problem where it is.
pub trait Place {
    /// The problem lies within the field `name`.
    fn within(self, name: &str) -> Self;
    /// The problem lies within an item of a list.
    fn at(self, index: usize) -> Self;
}

impl<T> Place for Result<T, Wrong> {
    fn within(self, name: &str) -> Self {
        self.map_err(|wrong| wrong.under(name))
    }

    fn at(self, index: usize) -> Self {
        self.map_err(|wrong| wrong.under(&format!("[{index}]")))
    }
}

/// The field `name`, read by `read`; `None` if it is missing or `null`.
pub fn field<'d, T>(
    object: Json<'d>,
    name: &str,
    read: impl FnOnce(Json<'d>) -> Result<T, Wrong>,
) -> Result<Option<T>, Wrong> {
    object.get_some(name).map(read).transpose().within(name)
}

/// Like [`field`], but it must be there.
pub fn required<'d, T>(
    object: Json<'d>,
    name: &str,
    read: impl FnOnce(Json<'d>) -> Result<T, Wrong>,
) -> Result<T, Wrong> {
    match field(object, name, read)? {
        Some(value) => Ok(value),
        None => Err(Wrong::new("is missing")).within(name),
    }
}

/// Reads every item of a list.
pub fn each<'d, T>(list: Json<'d>, read: impl Fn(Json<'d>) -> Result<T, Wrong>) -> Result<Vec<T>, Wrong> {
    items(list)?.enumerate().map(|(index, item)| read(item).at(index)).collect()
}

pub fn text(value: Json) -> Result<String, Wrong> {
    value.as_string().ok_or_else(|| Wrong::kind("a string", value))
}

pub fn flag(value: Json) -> Result<bool, Wrong> {
    value.as_bool().ok_or_else(|| Wrong::kind("true or false", value))
}

pub fn count(value: Json) -> Result<u64, Wrong> {
    value.as_u64().ok_or_else(|| Wrong::kind("a whole number from 0", value))
}

pub fn whole(value: Json) -> Result<i64, Wrong> {
    value.as_i64().ok_or_else(|| Wrong::kind("a whole number", value))
}

pub fn number(value: Json) -> Result<f64, Wrong> {
    value.as_f64().filter(|number| number.is_finite()).ok_or_else(|| Wrong::kind("a number", value))
}

pub fn object(value: Json<'_>) -> Result<Json<'_>, Wrong> {
    match value.kind() {
        Kind::Object => Ok(value),
        _ => Err(Wrong::kind("an object", value)),
    }
}

pub fn items(value: Json<'_>) -> Result<Items<'_>, Wrong> {
    match value.kind() {
        Kind::Array => Ok(value.items()),
        _ => Err(Wrong::kind("a list", value)),
    }
}
