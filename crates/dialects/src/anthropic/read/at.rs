//! Typed reading of a request's fields, with mistakes named by their place: `messages.0.content.1.text`.

use std::fmt::{self, Display};

use types::Fault;

use crate::json::{Json, Kind};

/// A place in the request. It is put into words only if something is wrong there.
#[derive(Clone, Copy)]
pub(super) enum At<'a> {
    /// A field of the request itself.
    Top(&'a str),
    /// A field of an object.
    Field(&'a At<'a>, &'a str),
    /// An item of an array.
    Item(&'a At<'a>, usize),
}

impl Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            At::Top(name) => f.write_str(name),
            At::Field(parent, name) => write!(f, "{parent}.{name}"),
            At::Item(parent, index) => write!(f, "{parent}.{index}"),
        }
    }
}

impl At<'_> {
    /// Something is wrong here.
    pub(super) fn fault(&self, what: impl Display) -> Fault {
        Fault::invalid_param(self.to_string(), format!("{self}: {what}"))
    }

    fn expected<T>(&self, what: &str, got: Json) -> Result<T, Fault> {
        Err(self.fault(format_args!("expected {what}, got {}", got.kind().describe())))
    }

    /// The value must be of this kind.
    pub(super) fn expect(&self, json: Json, kind: Kind) -> Result<(), Fault> {
        if json.kind() == kind { Ok(()) } else { self.expected(kind.describe(), json) }
    }

    /// The value must be a string.
    pub(super) fn string(&self, json: Json) -> Result<String, Fault> {
        json.as_string().map_or_else(|| self.expected("a string", json), Ok)
    }

    /// The value must be a boolean.
    pub(super) fn bool(&self, json: Json) -> Result<bool, Fault> {
        json.as_bool().map_or_else(|| self.expected("a boolean", json), Ok)
    }

    /// The value must be a whole number from 0.
    pub(super) fn count(&self, json: Json) -> Result<u64, Fault> {
        json.as_u64().map_or_else(|| self.expected("a whole number from 0", json), Ok)
    }

    /// The value must be a number from 0 to 1.
    pub(super) fn fraction(&self, json: Json) -> Result<f64, Fault> {
        match json.as_f64() {
            Some(number) if (0.0..=1.0).contains(&number) => Ok(number),
            Some(_) => Err(self.fault("must be between 0 and 1")),
            None => self.expected("a number", json),
        }
    }

    /// The field `name` of the object here; it must be there.
    pub(super) fn required<'d>(&self, object: Json<'d>, name: &str) -> Result<Json<'d>, Fault> {
        self.expect(object, Kind::Object)?;
        object.get(name).ok_or_else(|| At::Field(self, name).fault("Field required"))
    }

    /// The string field `name` of the object here; it must be there.
    pub(super) fn required_string(&self, object: Json, name: &str) -> Result<String, Fault> {
        At::Field(self, name).string(self.required(object, name)?)
    }

    /// The string field `name` of the object here, unless it is missing or `null`.
    pub(super) fn optional_string(&self, object: Json, name: &str) -> Result<Option<String>, Fault> {
        object.get_some(name).map(|value| At::Field(self, name).string(value)).transpose()
    }

    /// The boolean field `name` of the object here, unless it is missing or `null`.
    pub(super) fn optional_bool(&self, object: Json, name: &str) -> Result<Option<bool>, Fault> {
        object.get_some(name).map(|value| At::Field(self, name).bool(value)).transpose()
    }

    /// All items of the array here, each with its place.
    pub(super) fn list<T>(
        &self,
        array: Json,
        mut item: impl FnMut(Json, &At) -> Result<T, Fault>,
    ) -> Result<Vec<T>, Fault> {
        self.expect(array, Kind::Array)?;
        array.items().enumerate().map(|(index, value)| item(value, &At::Item(self, index))).collect()
    }
}
