//! Dollars in JSON, for `#[serde(with = "money")]`: an amount that may be missing.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use types::Usd;

/// Writes dollars.
pub fn serialize<S: Serializer>(amount: &Option<Usd>, serializer: S) -> Result<S::Ok, S::Error> {
    amount.map(Usd::dollars).serialize(serializer)
}

/// Reads dollars.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Usd>, D::Error> {
    Ok(Option::<f64>::deserialize(deserializer)?.and_then(Usd::from_dollars))
}
