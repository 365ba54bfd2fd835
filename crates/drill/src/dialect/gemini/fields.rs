//! Reading JSON the way Google's servers do: names in either case, unknown names refused with their place.

use crate::problem::Problem;
use serde_json::{Map, Value};

/// A field that is there and not null, under its camelCase or snake_case name.
pub(super) fn get<'a>(object: &'a Value, name: &str) -> Option<&'a Value> {
    object.get(name).or_else(|| object.get(snake(name))).filter(|value| !value.is_null())
}

/// The name in snake_case.
fn snake(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    for char in name.chars() {
        if char.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(char.to_ascii_lowercase());
    }
    out
}

/// An object with no other fields than the known ones.
pub(super) fn object<'a>(value: &'a Value, path: &str, known: &[&str]) -> Result<&'a Map<String, Value>, Problem> {
    let Some(map) = value.as_object() else {
        return Err(invalid(path, &format!("Invalid value at '{path}', expected an object")));
    };
    let is_known = |name: &str| known.iter().any(|one| *one == name || snake(one) == name);
    match map.keys().find(|name| !is_known(name)) {
        None => Ok(map),
        Some(name) if path.is_empty() => Err(invalid(name, &format!("Unknown name \"{name}\": Cannot find field."))),
        Some(name) => Err(invalid(path, &format!("Unknown name \"{name}\" at '{path}': Cannot find field."))),
    }
}

/// The refusal of JSON that does not fit the message.
pub(super) fn invalid(path: &str, wrong: &str) -> Problem {
    Problem::refuse(format!("Invalid JSON payload received. {wrong}")).at(path)
}

/// A list, or nothing.
pub(super) fn list<'a>(object: &'a Value, name: &str, path: &str) -> Result<&'a [Value], Problem> {
    match get(object, name) {
        None => Ok(&[]),
        Some(Value::Array(list)) => Ok(list),
        Some(_) => Err(Problem::refuse(format!("Invalid value at '{path}', expected a list")).at(path)),
    }
}

/// A text, or nothing.
pub(super) fn text<'a>(object: &'a Value, name: &str, path: &str) -> Result<Option<&'a str>, Problem> {
    let wrong =
        |value: &Value| Problem::refuse(format!("Invalid value at '{path}.{}' (TYPE_STRING), {value}", snake(name)));
    get(object, name).map(|value| value.as_str().ok_or_else(|| wrong(value))).transpose()
}

/// A switch, off if it is not there.
pub(super) fn switch(object: &Value, name: &str, path: &str) -> Result<bool, Problem> {
    let wrong =
        |value: &Value| Problem::refuse(format!("Invalid value at '{path}.{}' (TYPE_BOOL), {value}", snake(name)));
    get(object, name).map_or(Ok(false), |value| value.as_bool().ok_or_else(|| wrong(value)))
}

/// A number within bounds, or nothing.
pub(super) fn number(object: &Value, name: &str, path: &str, least: f64, most: f64) -> Result<Option<f64>, Problem> {
    let Some(value) = get(object, name) else {
        return Ok(None);
    };
    let wrong = || Problem::refuse(format!("Invalid value at '{path}.{}' (TYPE_FLOAT), {value}", snake(name)));
    let number = value.as_f64().ok_or_else(wrong)?;
    if !(least..=most).contains(&number) {
        let text = format!("{path}.{}: value {number} is out of range [{least}, {most}].", snake(name));
        return Err(Problem::refuse(text));
    }
    Ok(Some(number))
}

/// A whole number within bounds, or nothing.
pub(super) fn integer(object: &Value, name: &str, path: &str, least: i64, most: i64) -> Result<Option<i64>, Problem> {
    let number = number(object, name, path, least as f64, most as f64)?;
    match number {
        Some(number) if number.fract() != 0.0 => {
            Err(Problem::refuse(format!("Invalid value at '{path}.{}' (TYPE_INT32), {number}", snake(name))))
        }
        other => Ok(other.map(|number| number as i64)),
    }
}

/// One of Google's enum names, or nothing.
pub(super) fn word<'a>(object: &'a Value, name: &str, path: &str, known: &[&str]) -> Result<Option<&'a str>, Problem> {
    let text = text(object, name, path)?;
    match text.filter(|text| !known.contains(text)) {
        Some(other) => {
            Err(Problem::refuse(format!("Invalid value at '{path}.{}' (TYPE_ENUM), \"{other}\"", snake(name))))
        }
        None => Ok(text),
    }
}
