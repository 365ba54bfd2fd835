//! Bedrock's token counts, brought to the common convention: what was read from the cache or written to it is no part of
//! its input (wire.md 8.9).

use types::{Tier, Usage};

use crate::json::Json;
use crate::upstream::count;

/// Reads `usage`, and the tier beside it in `root`.
pub(super) fn read(usage: Json, root: Json) -> Usage {
    let number = |name| count(usage.get(name));
    let (read, written) = (number("cacheReadInputTokens"), number("cacheWriteInputTokens"));
    let long = usage.get("cacheDetails").into_iter().flat_map(|list| list.items());
    let long = long.filter(|detail| detail.get("ttl").is_some_and(|ttl| ttl.is("1h")));
    let long = long.filter_map(|detail| count(detail.get("inputTokens"))).reduce(u64::saturating_add);
    let cached = read.unwrap_or(0).saturating_add(written.unwrap_or(0));
    Usage {
        input: number("inputTokens").map(|input| input.saturating_add(cached)),
        cache_read: read,
        cache_write: written.map(|all| all.saturating_sub(long.unwrap_or(0))),
        cache_write_long: long,
        output: number("outputTokens"),
        tier: tier(root),
        ..Usage::default()
    }
}

fn tier(root: Json) -> Option<Tier> {
    match &*root.get_some("serviceTier")?.get("type")?.as_str()? {
        "default" => Some(Tier::Standard),
        "priority" => Some(Tier::Priority),
        "flex" => Some(Tier::Flex),
        "reserved" => Some(Tier::Scale),
        _ => None,
    }
}
