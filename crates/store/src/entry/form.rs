//! How the words that know no serde are written in JSON: amounts as whole nanodollars, names as they are.

use serde::{Deserialize, Serialize};
use types::{Tier, Usage, Usd};

use super::CostLines;
use crate::usual;

/// The form of a [`Usage`].
#[derive(Serialize, Deserialize)]
#[serde(remote = "Usage")]
pub(super) struct UsageForm {
    #[serde(skip_serializing_if = "Option::is_none")]
    input: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_read: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_write: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_write_long: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    audio_input: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    audio_cache_read: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    audio_output: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    image_input: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    image_output: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    billed_input: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    billed_output: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    web_searches: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    images_read: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    images_made: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pixels: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    characters: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    audio_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    queries: Option<u64>,
    #[serde(default, with = "tier", skip_serializing_if = "Option::is_none")]
    tier: Option<Tier>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stated_picousd: Option<u64>,
}

/// The form of [`CostLines`].
#[derive(Serialize, Deserialize)]
#[serde(remote = "CostLines")]
pub(super) struct CostLinesForm {
    #[serde(default, with = "amount", skip_serializing_if = "usual")]
    input: Usd,
    #[serde(default, with = "amount", skip_serializing_if = "usual")]
    cache_read: Usd,
    #[serde(default, with = "amount", skip_serializing_if = "usual")]
    cache_write: Usd,
    #[serde(default, with = "amount", skip_serializing_if = "usual")]
    output: Usd,
    #[serde(default, with = "amount", skip_serializing_if = "usual")]
    reasoning: Usd,
    #[serde(default, with = "amount", skip_serializing_if = "usual")]
    other: Usd,
}

/// An amount.
mod amount {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use types::Usd;

    pub fn serialize<S: Serializer>(amount: &Usd, serializer: S) -> Result<S::Ok, S::Error> {
        amount.nanos().serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Usd, D::Error> {
        i64::deserialize(deserializer).map(Usd::from_nanos)
    }
}

/// A service tier, by its OpenAI word; one that only a newer version knows is forgotten.
mod tier {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use types::Tier;

    pub fn serialize<S: Serializer>(tier: &Option<Tier>, serializer: S) -> Result<S::Ok, S::Error> {
        tier.map(Tier::as_str).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Tier>, D::Error> {
        let word = Option::<String>::deserialize(deserializer)?;
        Ok(word.as_deref().and_then(Tier::parse))
    }
}

/// An amount that may be unknown.
pub(super) mod nanos {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use types::Usd;

    pub fn serialize<S: Serializer>(amount: &Option<Usd>, serializer: S) -> Result<S::Ok, S::Error> {
        amount.map(Usd::nanos).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Usd>, D::Error> {
        Ok(Option::<i64>::deserialize(deserializer)?.map(Usd::from_nanos))
    }
}
