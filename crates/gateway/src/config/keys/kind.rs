//! What a key takes: the check, the words for it, an example.

use crate::config::section::scalar;
use crate::config::tree::{Node, Scalar, Value};
use types::Decimal;

/// Longest time span, in seconds: a year. Beyond it, deadlines could not be reckoned.
const LONGEST: f64 = 31_536_000.0;

/// What a key takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// True or false; off unless given.
    Flag,
    /// True or false; on unless given.
    OnFlag,
    /// A whole number, not negative.
    Count,
    /// A whole number.
    Signed,
    /// A number, not negative.
    Number,
    /// A number of seconds, not negative.
    Seconds,
    /// A number of seconds above zero.
    Limit,
    /// A price in dollars, not negative.
    Money,
    /// A text.
    Text,
    /// A text that nothing goes without.
    Name,
    /// A text that is never shown.
    Secret,
    /// A text or a mapping that is never shown.
    Credentials,
    /// A list of texts, or one text.
    Texts,
    /// A mapping.
    Map,
    /// A list.
    List,
    /// Anything.
    Any,
}

impl Kind {
    /// Whether `node` is of this kind; the error is what was expected.
    pub fn check(self, node: &Node) -> Result<(), &'static str> {
        let scalar = scalar(node);
        let number = scalar.and_then(Scalar::decimal);
        let negative = number.as_ref().is_some_and(|number| number.to_f64() < 0.0);
        let seconds = number.as_ref().map(Decimal::to_f64).filter(|seconds| (0.0..=LONGEST).contains(seconds));
        let fits = match self {
            Kind::Any => true,
            Kind::Flag | Kind::OnFlag => scalar.is_some_and(|scalar| scalar.flag().is_some()),
            Kind::Count => number.is_some_and(|number| number.to_u64().is_some()),
            Kind::Signed => scalar.is_some_and(|scalar| scalar.text.trim().parse::<i64>().is_ok()),
            Kind::Number => number.is_some() && !negative,
            Kind::Seconds => seconds.is_some(),
            Kind::Limit => seconds.is_some_and(|seconds| seconds > 0.0),
            Kind::Money => number.is_some_and(|number| number.scaled(12).is_some()),
            Kind::Text | Kind::Name | Kind::Secret => scalar.is_some(),
            Kind::Credentials => scalar.is_some() || matches!(node.value, Value::Map(_)),
            Kind::Texts => match &node.value {
                Value::List(items) => items.iter().all(|item| matches!(item.value, Value::Scalar(_))),
                _ => scalar.is_some(),
            },
            Kind::Map => matches!(node.value, Value::Map(_)),
            Kind::List => matches!(node.value, Value::List(_)),
        };
        match fits {
            true => Ok(()),
            false if negative && self != Kind::Signed => Err("a number of at least 0"),
            false => Err(self.noun()),
        }
    }

    /// What it is, with its article.
    pub fn noun(self) -> &'static str {
        match self {
            Kind::Flag | Kind::OnFlag => "true or false",
            Kind::Count => "a whole number",
            Kind::Signed => "a whole number",
            Kind::Number => "a number",
            Kind::Seconds => "a number of seconds",
            Kind::Limit => "a number of seconds above zero",
            Kind::Money => "a price in dollars",
            Kind::Text | Kind::Name | Kind::Secret => "a text",
            Kind::Credentials => "a text or a mapping",
            Kind::Texts => "a list of texts",
            Kind::Map => "a mapping",
            Kind::List => "a list",
            Kind::Any => "anything",
        }
    }

    /// How it may be written.
    pub fn example(self) -> Option<&'static str> {
        match self {
            Kind::Flag | Kind::OnFlag => Some("true"),
            Kind::Count => Some("60"),
            Kind::Signed => Some("1"),
            Kind::Number => Some("0.5"),
            Kind::Seconds | Kind::Limit => Some("30"),
            Kind::Money => Some("0.00000015"),
            Kind::Texts => Some("[one, two]"),
            Kind::Text | Kind::Name | Kind::Secret | Kind::Credentials | Kind::Map | Kind::List | Kind::Any => None,
        }
    }
}
