//! Values of statements.

use std::sync::Arc;

use sqlx::Arguments;
use sqlx::postgres::PgArguments;
use sqlx::sqlite::SqliteArguments;

use super::{Problem, Result};

/// A value of a statement. Nothing else is stored: money is a whole number, a flag is 0 or 1, a time is milliseconds
/// since 1970, everything else is text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Int(Option<i64>),
    Text(Option<Arc<str>>),
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Value::Int(Some(number))
    }
}

impl From<Option<i64>> for Value {
    fn from(number: Option<i64>) -> Self {
        Value::Int(number)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Value::Int(Some(flag.into()))
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::Text(Some(text.into()))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Value::Text(Some(text.into()))
    }
}

impl From<Option<String>> for Value {
    fn from(text: Option<String>) -> Self {
        Value::Text(text.map(Arc::from))
    }
}

impl From<Option<&str>> for Value {
    fn from(text: Option<&str>) -> Self {
        Value::Text(text.map(Arc::from))
    }
}

impl From<Arc<str>> for Value {
    fn from(text: Arc<str>) -> Self {
        Value::Text(Some(text))
    }
}

/// A list of values: `values![1, "a", None::<String>]`.
macro_rules! values {
    ($($value:expr),* $(,)?) => { vec![$($crate::db::Value::from($value)),*] };
}
pub(crate) use values;

/// Postgres takes no NUL in a text, SQLite cuts texts at it.
fn storable(text: &str) -> Result<()> {
    match text.contains('\0') {
        true => Err(Problem::Broken("a text with a NUL character cannot be stored".to_owned())),
        false => Ok(()),
    }
}

macro_rules! arguments {
    ($name:ident, $kind:ty) => {
        pub(super) fn $name(values: Vec<Value>) -> Result<$kind> {
            let mut arguments = <$kind>::default();
            arguments.reserve(values.len(), 0);
            for value in values {
                let added = match value {
                    Value::Int(number) => arguments.add(number),
                    Value::Text(text) => {
                        text.as_deref().map_or(Ok(()), storable)?;
                        arguments.add(text)
                    }
                };
                added.map_err(|error| Problem::Broken(error.to_string()))?;
            }
            Ok(arguments)
        }
    };
}

arguments!(sqlite, SqliteArguments);
arguments!(postgres, PgArguments);
