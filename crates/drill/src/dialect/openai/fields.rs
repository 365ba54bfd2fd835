//! Reading JSON the way OpenAI's server does: unknown names, wrong types and values out of range are refused
//! in its words, with the place at fault.

use crate::dialect::{Incoming, field, unknown};
use crate::problem::Problem;
use serde_json::{Map, Value};

pub(super) fn known_fields(body: &Value, known: &[&str], incoming: &Incoming<'_>) -> Result<(), Problem> {
    let fields = object(body)?;
    match unknown(fields, known).filter(|_| !incoming.knobs.on(incoming.knobs.extras)) {
        Some(name) => Err(Problem::refuse(format!("Unrecognized request argument supplied: {name}")).at(name)),
        None => Ok(()),
    }
}

fn object(body: &Value) -> Result<&Map<String, Value>, Problem> {
    body.as_object().ok_or_else(|| {
        Problem::refuse("We could not parse the JSON body of your request. The API expects a JSON object.")
    })
}

/// The refusal of a value of the wrong type.
pub(super) fn wrong_type(path: &str, wanted: &str, got: &Value) -> Problem {
    let got = match got {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(number) if number.is_f64() => "a decimal number",
        Value::Number(_) => "an integer",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    };
    Problem::refuse(format!("Invalid type for '{path}': expected {wanted}, but got {got} instead."))
        .at(path)
        .code("invalid_type")
}

pub(super) fn switch(body: &Value, name: &str) -> Result<Option<bool>, Problem> {
    field(body, name).map(|v| v.as_bool().ok_or_else(|| wrong_type(name, "a boolean", v))).transpose()
}

pub(super) fn integer(body: &Value, name: &str, least: i64, most: i64) -> Result<Option<i64>, Problem> {
    let Some(value) = field(body, name) else {
        return Ok(None);
    };
    let number = value.as_i64().ok_or_else(|| wrong_type(name, "an integer", value))?;
    in_range(name, number as f64, least as f64, most as f64)?;
    Ok(Some(number))
}

pub(super) fn decimal(body: &Value, name: &str, least: f64, most: f64) -> Result<Option<f64>, Problem> {
    let Some(value) = field(body, name) else {
        return Ok(None);
    };
    let number = value.as_f64().ok_or_else(|| wrong_type(name, "a decimal number", value))?;
    in_range(name, number, least, most)?;
    Ok(Some(number))
}

fn in_range(name: &str, number: f64, least: f64, most: f64) -> Result<(), Problem> {
    let (side, bound, code) = if number < least {
        ("minimum value. Expected a value >=", least, "integer_below_min_value")
    } else if number > most {
        ("maximum value. Expected a value <=", most, "integer_above_max_value")
    } else {
        return Ok(());
    };
    let text = format!("Invalid '{name}': value outside the {side} {bound}, but got {number} instead.");
    Err(Problem::refuse(text).at(name).code(code))
}

pub(super) fn one_of<'a>(body: &'a Value, name: &str, known: &[&str]) -> Result<Option<&'a str>, Problem> {
    let Some(value) = field(body, name) else {
        return Ok(None);
    };
    let text = value.as_str().ok_or_else(|| wrong_type(name, "a string", value))?;
    if !known.contains(&text) {
        return Err(invalid_value(name, text, known));
    }
    Ok(Some(text))
}

pub(super) fn invalid_value(path: &str, text: &str, known: &[&str]) -> Problem {
    let known = known.iter().map(|one| format!("'{one}'")).collect::<Vec<_>>().join(", ");
    Problem::refuse(format!("Invalid value: '{text}'. Supported values are: {known}.")).at(path).code("invalid_value")
}

pub(super) fn unknown_parameter(path: &str) -> Problem {
    Problem::refuse(format!("Unknown parameter: '{path}'.")).at(path).code("unknown_parameter")
}

pub(super) fn missing(path: &str) -> Problem {
    Problem::refuse(format!("Missing required parameter: '{path}'.")).at(path).code("missing_required_parameter")
}
