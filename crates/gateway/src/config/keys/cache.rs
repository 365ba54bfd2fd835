//! `litellm_settings.cache_params`.

use super::Kind::*;
use super::router::REDIS;
use super::{Key, Table, later, moot, on};

/// Which answers are kept, and where.
pub static CACHE_PARAMS: Table =
    Table { name: "litellm_settings.cache_params", keys: &[ANSWERS, REDIS, ELSEWHERE], open: false };

#[rustfmt::skip]
const ANSWERS: &[Key] = &[
    on("type", Text, "`local`: in memory; `redis` (`valkey`): in Redis too; `disk`: in a folder too. Unless given, `redis` where one is named here or by `REDIS_*`, else `local`"),
    on("mode", Text, "`default_on`, or `default_off`: only for calls with `cache: {use-cache: true}`"),
    on("ttl", Seconds, "seconds for which an answer is kept; 600 unless given"),
    on("default_in_memory_ttl", Seconds, "the same at most in memory; where answers are in Redis too, 60 unless given"),
    on("default_in_redis_ttl", Seconds, "the same for answers that are in Redis"),
    on("namespace", Text, "what tells these answers from others in the same Redis"),
    on("supported_call_types", Texts, "kinds of calls, e.g. `acompletion`, `aembedding`, `anthropic_messages`, `aresponses`; all unless given"),
    on("scope", Text, "who shares answers: `customer` (of one key), `key`, `team`, `organization` or `gateway`; `key` unless given"),
    on("group_scopes", Map, "the same for single model groups: `gpt-4o: team`"),
    on("max_memory_mb", Count, "memory for answers, MiB; 64 unless given"),
    on("disk_cache_dir", Text, "the folder"),
    on("max_disk_mb", Count, "what answers take there at most, MiB; 1024 unless given"),
    on("max_item_kb", Count, "largest answer that is kept, KiB; 1024 unless given"),
];

#[rustfmt::skip]
const ELSEWHERE: &[Key] = &[
    moot("max_connections", Count, "connections to Redis", "one connection carries all questions"),
    moot("redis_flush_size", Count, "answers that are written together", "each is written as soon as it is there"),
    moot("socket_timeout", Number, "seconds that Redis may take", "no call waits longer than 20 ms for it"),
    later("gcp_*", Any, "sign-in with Google's IAM"),
    later("max_messages", Count, "most messages of a call, for a semantic cache"),
    later("semantic_cache_scope", Text, "who shares answers of a semantic cache"),
    later("similarity_threshold", Number, "how much alike questions must be, for a semantic cache"),
    later("redis_semantic_*", Any, "a semantic cache in Redis"),
    later("qdrant_*", Any, "a semantic cache in Qdrant"),
    later("s3_*", Any, "answers in S3"),
    later("gcs_*", Any, "answers in Google Cloud Storage"),
    later("azure_*", Any, "answers in Azure"),
];
