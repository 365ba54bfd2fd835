//! `general_settings.loop_breaker`.

use super::Kind::*;
use super::{Key, Table, on};

/// What is done about keys that run in circles.
pub static LOOP_BREAKER: Table = Table { name: "loop_breaker", keys: &[RULES], open: false };

#[rustfmt::skip]
const RULES: &[Key] = &[
    on("action", Text, "what happens to such calls: `alert` (unless given) tells of them, `slow` lets them wait as well, `block` refuses them; `off` looks at nothing"),
    on("same", Count, "calls that are too many when they are the same, or differ in numbers alone; 100 unless given"),
    on("window", Limit, "seconds within which they are; 60 unless given"),
    on("burst", Count, "times its usual calls a minute that are too many for a key; 20 unless given"),
    on("burst_floor", Count, "calls a minute that are never too many; 600 unless given"),
    on("delay", Seconds, "longest time that a call waits under `slow`; 2 unless given"),
    on("block_for", Limit, "how long a key is refused under `block`; 300 unless given"),
];
