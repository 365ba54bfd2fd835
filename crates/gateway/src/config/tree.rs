//! A tree of values that know where they were written. Scalars are read as the incumbent's parser reads them (PyYAML,
//! YAML 1.1: `yes` and `on` are true). What the values mean is `section`'s business.

use dialects::json::string;

use super::report::Place;
use types::Decimal;

/// A value and where it was written: a mapping's values are found at their keys.
#[derive(Clone, Debug)]
pub struct Node {
    /// Where findings about it point.
    pub place: Place,
    /// The value.
    pub value: Value,
}

/// A value.
#[derive(Clone, Debug)]
pub enum Value {
    /// Nothing: `~`, `null`, or no text at all.
    Null,
    /// Anything that is written as one text.
    Scalar(Scalar),
    /// A list.
    List(Vec<Node>),
    /// A mapping, in the order it was written. No key is there twice.
    Map(Vec<(String, Node)>),
    /// The environment variable that should have given the value, but is not set.
    Unset(String),
}

/// A text, which may stand for a number or a truth value.
#[derive(Clone, Debug)]
pub struct Scalar {
    /// The text, without quotes.
    pub text: String,
    /// Whether it was written without quotes, so that `true` means true and not the word.
    pub plain: bool,
    /// The environment variable it came from.
    pub variable: Option<String>,
}

impl Node {
    /// A value of JSON as a node; texts are texts, whatever they look like.
    pub fn of(json: &serde_json::Value, place: Place) -> Node {
        let scalar = |text: String, plain| Value::Scalar(Scalar { text, plain, variable: None });
        let value = match json {
            serde_json::Value::Null => Value::Null,
            serde_json::Value::Bool(flag) => scalar(flag.to_string(), true),
            serde_json::Value::Number(number) => scalar(number.to_string(), true),
            serde_json::Value::String(text) => scalar(text.clone(), false),
            serde_json::Value::Array(items) => Value::List(items.iter().map(|item| Node::of(item, place)).collect()),
            serde_json::Value::Object(fields) => {
                Value::Map(fields.iter().map(|(name, json)| (name.clone(), Node::of(json, place))).collect())
            }
        };
        Node { place, value }
    }

    /// The value of `key`, if this is a mapping that has it.
    pub fn get(&self, key: &str) -> Option<&Node> {
        match &self.value {
            Value::Map(entries) => entries.iter().find(|(name, _)| name == key).map(|(_, node)| node),
            _ => None,
        }
    }

    /// The same, to be changed.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        match &mut self.value {
            Value::Map(entries) => entries.iter_mut().find(|(name, _)| name == key).map(|(_, node)| node),
            _ => None,
        }
    }

    /// Whether there is nothing.
    pub fn is_null(&self) -> bool {
        matches!(self.value, Value::Null | Value::Unset(_))
    }

    /// The value as JSON text, in the readings of YAML 1.1.
    pub fn json(&self) -> String {
        match &self.value {
            Value::Null | Value::Unset(_) => "null".to_owned(),
            Value::Scalar(scalar) => scalar.json(),
            Value::List(items) => format!("[{}]", items.iter().map(Node::json).collect::<Vec<_>>().join(",")),
            Value::Map(entries) => {
                let fields = entries.iter().map(|(key, node)| format!("{}:{}", string(key), node.json()));
                format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
            }
        }
    }
}

/// Words for true and false in YAML 1.1.
const TRUE: [&str; 9] = ["true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"];
const FALSE: [&str; 9] = ["false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"];

impl Scalar {
    /// True or false. Quoted words count too: values from the environment are always texts.
    pub fn flag(&self) -> Option<bool> {
        let text = self.text.as_str();
        TRUE.contains(&text).then_some(true).or_else(|| FALSE.contains(&text).then_some(false))
    }

    /// A number, quoted or not.
    pub fn decimal(&self) -> Option<Decimal> {
        Decimal::parse(self.text.trim())
    }

    fn json(&self) -> String {
        let unquoted = self.plain.then(|| {
            let flag = self.flag().map(|flag| flag.to_string());
            flag.or_else(|| Decimal::parse(&self.text).map(|number| number.json()))
        });
        unquoted.flatten().unwrap_or_else(|| string(&self.text))
    }
}

#[cfg(test)]
mod tests;
