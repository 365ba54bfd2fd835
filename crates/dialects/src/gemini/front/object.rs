//! Fields of callers, who may write each of them in two ways: `maxOutputTokens` or `max_output_tokens`.

use crate::json::Json;
use crate::typed::{Place, Wrong};

/// The other way to write a name.
pub(super) fn snake(camel: &str) -> String {
    let mut out = String::with_capacity(camel.len() + 4);
    for character in camel.chars() {
        if character.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(character.to_ascii_lowercase());
    }
    out
}

/// The way in which a name is known here.
pub(super) fn camel(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut upper = false;
    for character in name.chars() {
        match character {
            '_' if !out.is_empty() => upper = true,
            _ if upper => {
                out.push(character.to_ascii_uppercase());
                upper = false;
            }
            _ => out.push(character),
        }
    }
    out
}

/// Looking for a field under both names.
pub(super) trait Either<'d> {
    /// The field `name`, in camel case here, unless it is missing or `null`.
    fn either(&self, name: &str) -> Option<Json<'d>>;

    /// The field, read by `read`.
    fn read<T>(&self, name: &str, read: impl FnOnce(Json<'d>) -> Result<T, Wrong>) -> Result<Option<T>, Wrong>;
}

impl<'d> Either<'d> for Json<'d> {
    fn either(&self, name: &str) -> Option<Json<'d>> {
        self.get_some(name).or_else(|| {
            let is_one_word = !name.contains(|character: char| character.is_ascii_uppercase());
            if is_one_word { None } else { self.get_some(&snake(name)) }
        })
    }

    fn read<T>(&self, name: &str, read: impl FnOnce(Json<'d>) -> Result<T, Wrong>) -> Result<Option<T>, Wrong> {
        self.either(name).map(read).transpose().within(name)
    }
}
