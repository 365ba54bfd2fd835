//! What somebody sends, read field by field: bodies and queries, checked against a table of fields. Wrong types are
//! told in the words of the incumbent's framework, all at once; what is in no table is passed over, as there.

mod takes;

use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use store::records::Fields;
use types::Usd;

use super::refusal::{Refusal, Result};
use takes::Reader;
pub use takes::{FOR_EVER, Takes};

/// Most texts in a query.
const MOST_QUERY: usize = 1000;

/// One field.
pub struct Field {
    name: &'static str,
    takes: Takes,
    needed: bool,
}

/// A field that may be missing or null.
pub const fn optional(name: &'static str, takes: Takes) -> Field {
    Field { name, takes, needed: false }
}

/// A field that nothing goes without.
pub const fn required(name: &'static str, takes: Takes) -> Field {
    Field { name, takes, needed: true }
}

impl Field {
    /// Its name.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// What it takes.
    pub const fn takes(&self) -> Takes {
        self.takes
    }

    /// Whether nothing goes without it.
    pub const fn is_needed(&self) -> bool {
        self.needed
    }
}

/// What a path reads, and from where: it is read by this, and described by this.
#[derive(Clone, Copy)]
pub enum Reads {
    /// Nothing.
    Nothing,
    /// A body, which must be there.
    Body(Tables),
    /// A body, if there is one.
    OptionalBody(Tables),
    /// The query.
    Query(Tables),
}

/// Fields in several tables.
pub type Tables = &'static [&'static [Field]];

/// Tables behind others.
pub const fn joined<const N: usize>(first: &[&'static [Field]], behind: &[&'static [Field]]) -> [&'static [Field]; N] {
    assert!(first.len() + behind.len() == N, "as many tables as there are");
    let mut all: [&'static [Field]; N] = [&[]; N];
    let mut at = 0;
    while at < N {
        all[at] = if at < first.len() { first[at] } else { behind[at - first.len()] };
        at += 1;
    }
    all
}

/// Fields that were read; their values have the right types.
#[derive(Clone, Debug, Default)]
pub struct Form(Fields);

impl Form {
    /// Reads a body, which must be there.
    pub fn body(bytes: &[u8], tables: &[&'static [Field]]) -> Result<Self> {
        if bytes.is_empty() {
            let missing = json!({ "type": "missing", "loc": ["body"], "msg": "Field required", "input": null });
            return Err(Refusal::invalid(vec![missing]));
        }
        Form::optional_body(bytes, tables)
    }

    /// Reads a body; none is as good as an empty one.
    pub fn optional_body(bytes: &[u8], tables: &[&'static [Field]]) -> Result<Self> {
        let value = match bytes.trim_ascii() {
            [] => json!({}),
            bytes => serde_json::from_slice(bytes).map_err(Refusal::no_json)?,
        };
        Form::read(value, "body", tables)
    }

    /// Reads a query. A name that comes several times, and that takes a list, has all its values.
    pub fn query(text: &str, tables: &[&'static [Field]]) -> Result<Self> {
        let mut fields = Fields::new();
        for pair in text.split('&').filter(|pair| !pair.is_empty()).take(MOST_QUERY) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decoded(name), decoded(value));
            let list =
                tables.iter().flat_map(|table| table.iter()).any(|field| field.name == name && field.takes.is_list());
            match fields.entry(name).or_insert_with(|| if list { json!([]) } else { Value::Null }) {
                Value::Array(values) => values.push(Value::String(value)),
                single => *single = Value::String(value),
            }
        }
        Form::read(Value::Object(fields), "query", tables)
    }

    /// Reads a value that came from elsewhere: a default of the operator's.
    pub fn of(value: Value, tables: &[&'static [Field]]) -> Result<Self> {
        Form::read(value, "body", tables)
    }

    fn read(value: Value, from: &'static str, tables: &[&'static [Field]]) -> Result<Self> {
        let mut reader = Reader::new(from);
        let fields = reader.object(value, tables);
        reader.finish()?;
        Ok(Form(fields))
    }

    /// Whether the field was given, be it null.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// A value, unless it is null.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// Takes a value out, be it null.
    pub fn take(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name)
    }

    /// Puts a value in.
    pub fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.to_owned(), value.into());
    }

    /// Puts a value in where none was given.
    pub fn set_missing(&mut self, name: &str, value: impl Into<Value>) {
        if self.get(name).is_none() {
            self.set(name, value);
        }
    }

    /// A text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_str()
    }

    /// A text that the table of fields requires.
    pub fn needed(&self, name: &str) -> &str {
        self.text(name).unwrap_or_default()
    }

    /// Texts of a list.
    pub fn texts(&self, name: &str) -> Option<Vec<String>> {
        let list = self.get(name)?.as_array()?;
        Some(list.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect())
    }

    /// True or false.
    pub fn flag(&self, name: &str) -> Option<bool> {
        self.get(name)?.as_bool()
    }

    /// A whole number.
    pub fn count(&self, name: &str) -> Option<u64> {
        self.get(name)?.as_u64()
    }

    /// An amount of money.
    pub fn dollars(&self, name: &str) -> Option<Usd> {
        Usd::from_dollars(self.get(name)?.as_f64()?)
    }

    /// Fields of an object.
    pub fn object(&self, name: &str) -> Option<&Fields> {
        self.get(name)?.as_object()
    }

    /// The objects of a list, as forms of their own.
    pub fn items(&self, name: &str) -> Option<Vec<Form>> {
        let list = self.get(name)?.as_array()?;
        Some(list.iter().filter_map(Value::as_object).cloned().map(Form).collect())
    }

    /// All fields.
    pub fn fields(&self) -> &Fields {
        &self.0
    }

    /// All fields, to be changed.
    pub fn into_fields(self) -> Fields {
        self.0
    }
}

fn decoded(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests;
