//! Reading JSON the way Cohere's server does: unknown names, wrong types and values out of range are refused with a
//! sentence and nothing else.

use crate::dialect::{Incoming, field, unknown};
use crate::problem::Problem;
use serde_json::{Map, Value};

/// The refusal of a request, in the beginning that all of them have.
pub(super) fn invalid(message: impl AsRef<str>) -> Problem {
    Problem::refuse(format!("invalid request: {}", message.as_ref()))
}

pub(super) fn object<'a>(value: &'a Value, path: &str) -> Result<&'a Map<String, Value>, Problem> {
    value.as_object().ok_or_else(|| invalid(format!("{path} must be an object")))
}

/// An object without fields that Cohere does not know.
pub(super) fn known(value: &Value, path: &str, known: &[&str], incoming: &Incoming<'_>) -> Result<(), Problem> {
    let fields = object(value, path)?;
    match unknown(fields, known).filter(|_| !incoming.knobs.on(incoming.knobs.extras)) {
        Some(name) => Err(Problem::refuse(format!("unknown field: parameter '{name}' is not a valid field"))),
        None => Ok(()),
    }
}

pub(super) fn text<'a>(object: &'a Value, name: &str) -> Result<Option<&'a str>, Problem> {
    let wrong = || invalid(format!("{name} must be a string"));
    field(object, name).map(|value| value.as_str().ok_or_else(wrong)).transpose()
}

pub(super) fn required<'a>(object: &'a Value, name: &str, path: &str) -> Result<&'a str, Problem> {
    text(object, name)?.ok_or_else(|| invalid(format!("{path}.{name} is required")))
}

pub(super) fn switch(object: &Value, name: &str) -> Result<Option<bool>, Problem> {
    let wrong = || invalid(format!("{name} must be a boolean"));
    field(object, name).map(|value| value.as_bool().ok_or_else(wrong)).transpose()
}

pub(super) fn integer(object: &Value, name: &str, least: i64, most: i64) -> Result<Option<i64>, Problem> {
    let Some(value) = field(object, name) else { return Ok(None) };
    let number = value.as_i64().ok_or_else(|| invalid(format!("{name} must be an integer")))?;
    let good = (least..=most).contains(&number);
    if good { Ok(Some(number)) } else { Err(out_of_range(name, least as f64, most as f64)) }
}

pub(super) fn decimal(object: &Value, name: &str, least: f64, most: f64) -> Result<Option<f64>, Problem> {
    let Some(value) = field(object, name) else { return Ok(None) };
    let number = value.as_f64().ok_or_else(|| invalid(format!("{name} must be a number")))?;
    let good = (least..=most).contains(&number);
    if good { Ok(Some(number)) } else { Err(out_of_range(name, least, most)) }
}

fn out_of_range(name: &str, least: f64, most: f64) -> Problem {
    invalid(format!("{name} must be between {least} and {most} inclusive"))
}

pub(super) fn one_of<'a>(object: &'a Value, name: &str, known: &[&str]) -> Result<Option<&'a str>, Problem> {
    match text(object, name)? {
        Some(word) if !known.contains(&word) => {
            Err(invalid(format!("{name} must be one of {}, not '{word}'", known.join(", "))))
        }
        word => Ok(word),
    }
}

pub(super) fn list<'a>(object: &'a Value, name: &str) -> Result<&'a [Value], Problem> {
    match field(object, name) {
        None => Ok(&[]),
        Some(Value::Array(list)) => Ok(list),
        Some(_) => Err(invalid(format!("{name} must be an array"))),
    }
}

pub(super) fn texts<'a>(object: &'a Value, name: &str) -> Result<Vec<&'a str>, Problem> {
    let wrong = || invalid(format!("{name} must be an array of strings"));
    list(object, name)?.iter().map(|item| item.as_str().ok_or_else(wrong)).collect()
}
