//! Prices, wherever they are stated.

use super::Kind::*;
use super::{Key, Table, family, on};

/// `model_info.hardware`.
pub static HARDWARE: Table = Table { name: "model_list[].model_info.hardware", keys: &[MACHINE], open: false };

/// `litellm_settings.default_price`.
pub static DEFAULT_PRICE: Table = Table { name: "litellm_settings.default_price", keys: &[BOTH], open: false };

/// The long form of a margin.
pub static MARGIN: Table = Table { name: "litellm_settings.cost_margin_config.*", keys: &[SHARE], open: false };

/// Prices of a deployment.
#[rustfmt::skip]
pub const PRICES: &[Key] = &[
    on("input_cost_per_token", Money, "dollars per input token"),
    on("output_cost_per_token", Money, "dollars per output token"),
    on("cache_read_input_token_cost", Money, "dollars per input token read from the provider's cache"),
    on("input_cost_per_token_cache_hit", Money, "other name of `cache_read_input_token_cost`"),
    on("cache_creation_input_token_cost", Money, "dollars per input token written to the provider's cache"),
    on("cache_creation_input_token_cost_above_1hr", Money, "the same for the long lifetime"),
    family("*_token_cost_*", Money, "cache prices by size, lifetime and service tier"),
    family("*_token_cost", Money, "cache prices of other kinds of tokens"),
    family("*cost_per_*", Any, "prices by other units, sizes and service tiers: `docs/prices.md` lists them"),
    on("tiered_pricing", List, "prices by size of the prompt"),
    on("off_peak_pricing", Map, "prices by time of day"),
    on("regional_processing_uplift_multiplier_eu", Number, "factor on prices of tokens in this region"),
    on("regional_processing_uplift_multiplier_us", Number, "factor on prices of tokens in this region"),
    on("regional_endpoint_uplift_multiplier", Number, "factor on prices of tokens in any region"),
    on("provider_specific_entry", Map, "factors on prices of tokens: `us`, `fast`"),
];

#[rustfmt::skip]
const MACHINE: &[Key] = &[
    on("purchase_price", Money, "dollars that it cost"),
    on("lifetime_years", Number, "years that it is used for"),
    on("utilization", Number, "share of the time in which it works on calls, e.g. `0.25`"),
    on("watts", Number, "power while it works"),
    on("idle_watts", Number, "power while it waits"),
    on("measured", Flag, "whether power that is measured on the gateway's machine (NVIDIA GPUs) counts instead of `watts`; where `api_base` is this machine, unless given"),
    on("base_watts", Number, "what the machine takes at work beside what is measured: processor, memory, fans"),
    on("pue", Number, "power drawn for each watt that it takes, for cooling and losses; 1 unless given"),
    on("parallel", Number, "calls that it works on at a time; 1 unless given"),
    on("tariff_per_kwh", Money, "dollars per kilowatt-hour"),
    on("tariff", List, "the same by hour: `[{hours: 22-6, per_kwh: 0.2}]`"),
    on("timezone", Text, "time zone of the hours; UTC unless given"),
];

#[rustfmt::skip]
const BOTH: &[Key] = &[
    on("input_cost_per_token", Money, "dollars per input token"),
    on("output_cost_per_token", Money, "dollars per output token"),
];

#[rustfmt::skip]
const SHARE: &[Key] = &[
    on("percentage", Number, "share of the cost, e.g. `0.08`"),
    on("fixed_amount", Money, "dollars per call"),
];
