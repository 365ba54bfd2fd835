//! Whether answers are what the gateway says of them itself: each one that a test gets from it is held against
//! `/openapi.json`. A field that is missing, of another type, or of which the description knows nothing, is a defect.

use serde_json::{Map, Value};
use tokio::sync::OnceCell;

use crate::client::{Answer, Call};
use crate::gateway::Gateway;

/// What a gateway says of itself.
static DESCRIPTION: OnceCell<Value> = OnceCell::const_new();

/// Panics if a JSON answer is not what the description says of the path.
pub async fn check(method: &str, path: &str, answer: &Answer) {
    let is_json = answer.header("content-type").is_some_and(|kind| kind.starts_with("application/json"));
    if answer.status() != 200 || !is_json || method == "HEAD" || !answer.complete {
        return;
    }
    let document = DESCRIPTION.get_or_init(description).await;
    let path = path.split('?').next().unwrap_or_default();
    let Some((template, operation)) = find(document, method, path) else { return };
    let schema = &operation["responses"]["200"]["content"]["application/json"]["schema"];
    if let Err(why) = fits(document, schema, &answer.json(), "$") {
        panic!("{method} {template} does not answer as described: {why}");
    }
}

async fn description() -> Value {
    let gateway = Gateway::start("model_list: []").await;
    Call::get("/openapi.json").send(gateway.addr).await.json()
}

/// The description of a path and method: of all that fit, the one with the fewest open parts.
fn find<'d>(document: &'d Value, method: &str, path: &str) -> Option<(&'d str, &'d Value)> {
    let paths = document["paths"].as_object().expect("paths");
    let fitting = paths.iter().filter(|(template, _)| is_of(template, path));
    let described = fitting.filter_map(|(template, methods)| Some((&**template, methods.get(method.to_lowercase())?)));
    described.min_by_key(|(template, _)| template.matches('{').count())
}

fn is_of(template: &str, path: &str) -> bool {
    let (parts, given): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
    // The last part may hold slashes.
    let open = parts.last().is_some_and(|part| part.starts_with('{') && part.ends_with('}'));
    let is_long_enough = parts.len() == given.len() || open && parts.len() < given.len();
    let same = |(part, given): (&&str, &&str)| part == given || part.starts_with('{') && part.ends_with('}');
    is_long_enough && parts.iter().zip(&given).all(same)
}

/// Whether a value is what a schema says; otherwise where it is not.
fn fits(document: &Value, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    let schema = followed(document, schema);
    if let Some(each) = schema["anyOf"].as_array() {
        let tried: Vec<_> = each.iter().map(|one| fits(document, one, value, at)).collect();
        return match tried.iter().any(Result::is_ok) {
            true => Ok(()),
            false => Err(tried.into_iter().filter_map(Result::err).collect::<Vec<_>>().join(" | ")),
        };
    }
    if let Some(each) = schema["allOf"].as_array() {
        return object(document, &each.iter().map(|one| followed(document, one)).collect::<Vec<_>>(), value, at);
    }
    let is = |kind: &str| match kind {
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "null" => value.is_null(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("there is no type {other}"),
    };
    let has_its_type = match &schema["type"] {
        Value::String(kind) => is(kind),
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).any(is),
        _ => true,
    };
    if !has_its_type {
        return Err(format!("{at} is {value}, not {}", schema["type"]));
    }
    if schema["enum"].as_array().is_some_and(|words| !words.contains(value)) {
        return Err(format!("{at} is {value}, none of {}", schema["enum"]));
    }
    match value {
        Value::Array(items) => items
            .iter()
            .enumerate()
            .try_for_each(|(n, one)| fits(document, &schema["items"], one, &format!("{at}[{n}]"))),
        Value::Object(_) => object(document, &[schema], value, at),
        _ => Ok(()),
    }
}

/// Whether an object has the fields of all `schemas`, and no others.
fn object(document: &Value, schemas: &[&Value], value: &Value, at: &str) -> Result<(), String> {
    let fields = value.as_object().ok_or_else(|| format!("{at} is {value}, not an object"))?;
    let needed = schemas.iter().flat_map(|schema| schema["required"].as_array().into_iter().flatten());
    if let Some(missing) = needed.filter_map(Value::as_str).find(|name| !fields.contains_key(*name)) {
        return Err(format!("{at} has no {missing}"));
    }
    let known = |name: &str| schemas.iter().find_map(|schema| schema["properties"].get(name));
    let others = schemas.iter().map(|schema| &schema["additionalProperties"]).find(|others| !others.is_null());
    let is_open = schemas.iter().all(|schema| schema["properties"].is_null());
    fields.iter().try_for_each(|(name, one)| match known(name).or(others) {
        Some(schema) => fits(document, schema, one, &format!("{at}.{name}")),
        None if is_open => Ok(()),
        None => Err(format!("nothing is said of {at}.{name}: {one}")),
    })
}

fn followed<'d>(document: &'d Value, schema: &'d Value) -> &'d Value {
    let Some(target) = schema["$ref"].as_str() else { return schema };
    let name = target.strip_prefix("#/components/schemas/").expect("a schema's name");
    document["components"]["schemas"].as_object().and_then(|all: &Map<_, _>| all.get(name)).expect("it is described")
}
