//! What a token says, by the names that an operator has for it.

use serde_json::{Map, Value};

/// Longest text that is taken from a claim, characters.
const LONGEST: usize = 256;
/// Most texts of one claim.
const MOST: usize = 500;

/// The claims of a token, or of whoever vouches for somebody.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Claims(pub Map<String, Value>);

impl Claims {
    /// A claim. A name with dots leads into objects, unless a claim is called like that as a whole.
    pub fn get(&self, name: &str) -> Option<&Value> {
        if let Some(value) = self.0.get(name) {
            return Some(value).filter(|value| !value.is_null());
        }
        let (first, rest) = name.split_once('.')?;
        let inner = rest.split('.').try_fold(self.0.get(first)?, |value, part| value.get(part))?;
        Some(inner).filter(|value| !value.is_null())
    }

    /// A claim as a text: that of a list is its first.
    pub fn text(&self, name: &str) -> Option<String> {
        self.get(name).and_then(first)
    }

    /// A claim as a list of texts.
    pub fn list(&self, name: &str) -> Vec<String> {
        match self.get(name) {
            Some(Value::Array(items)) => items.iter().filter_map(plain).take(MOST).collect(),
            Some(value) => plain(value).into_iter().collect(),
            None => Vec::new(),
        }
    }

    /// The words of a claim: a list, or a text with spaces between them.
    pub fn words(&self, name: &str) -> Vec<String> {
        let list = self.list(name).into_iter();
        list.flat_map(|text| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).take(MOST).collect()
    }

    /// Whether a mail address that stands here is said to be theirs.
    pub fn email_verified(&self) -> Option<bool> {
        let said = self.get("email_verified")?;
        Some(said.as_bool().unwrap_or_else(|| said.as_str() == Some("true")))
    }

    /// Whether somebody is in so many groups that they stand elsewhere, as Microsoft does it: then the claim is missing,
    /// and says nothing.
    pub fn has_groups_elsewhere(&self) -> bool {
        self.get("_claim_names").is_some() || self.get("hasgroups").is_some()
    }

    /// A claim as a moment, seconds since 1970.
    pub fn seconds(&self, name: &str) -> Option<i64> {
        let value = self.get(name)?;
        value.as_i64().or_else(|| value.as_f64().filter(|seconds| seconds.abs() < 1e12).map(|seconds| seconds as i64))
    }
}

fn first(value: &Value) -> Option<String> {
    match value {
        Value::Array(items) => items.iter().find_map(plain),
        value => plain(value),
    }
}

/// A text, or a number as one; nothing that could not be the name of anything.
fn plain(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let fits = !text.is_empty() && text.chars().count() <= LONGEST && !text.chars().any(char::is_control);
    fits.then_some(text)
}
