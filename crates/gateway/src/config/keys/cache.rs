//! `litellm_settings.cache_params`.

use super::Kind::*;
use super::router::REDIS;
use super::{Key, Table, later, moot, on};

/// Which answers are kept, and where.
pub static CACHE_PARAMS: Table =
    Table { name: "litellm_settings.cache_params", keys: &[ANSWERS, REDIS, ELSEWHERE], open: false };

/// What questions mean.
pub static CACHE_SEMANTIC: Table =
    Table { name: "litellm_settings.cache_params.semantic", keys: &[MEANINGS], open: false };

#[rustfmt::skip]
const MEANINGS: &[Key] = &[
    on("model", Name, "group that makes vectors of what users say"),
    on("threshold", Number, "how much alike questions must be, from 0 to 1; 0.95 unless given"),
    on("group_thresholds", Map, "the same for single model groups: `gpt-4o: 0.98`"),
    on("groups", Texts, "model groups whose questions are compared; all unless given"),
    on("timeout", Limit, "seconds that a call waits for the vector of its text; 0.5 unless given"),
    on("max_entries", Count, "questions that are known at most; 10000 unless given"),
    on("max_memory_mb", Count, "memory for them, MiB; 64 unless given"),
    on("audit", Number, "share of the answers to other questions that is asked for anew, by the gateway itself; 0.02 unless given"),
    on("max_false_hits", Number, "share of them that may say something else before the threshold rises by itself; 0.02 unless given"),
    on("same_answer", Number, "how much alike two answers are that say the same, from 0 to 1; 0.85 unless given"),
];

#[rustfmt::skip]
const ANSWERS: &[Key] = &[
    on("type", Text, "`local`: in memory; `redis` (`valkey`): in Redis too; `disk`: in a folder too; `s3`, `gcs`: in a bucket too; `redis-semantic`, `valkey-semantic`, `qdrant-semantic`: also to questions that mean the same. Unless given, `redis` where one is named here or by `REDIS_*`, else `local`"),
    on("mode", Text, "`default_on`, or `default_off`: only for calls with `cache: {use-cache: true}`"),
    on("ttl", Seconds, "seconds for which an answer is kept; 600 unless given"),
    on("default_in_memory_ttl", Seconds, "the same at most in memory; where answers are in Redis too, 60 unless given"),
    on("default_in_redis_ttl", Seconds, "the same for answers that are in Redis"),
    on("namespace", Text, "what tells these answers from others in the same Redis"),
    on("supported_call_types", Texts, "kinds of calls, e.g. `acompletion`, `aembedding`, `anthropic_messages`, `aresponses`; all unless given"),
    on("scope", Text, "who shares answers: `customer` (of one key), `key`, `team`, `organization` or `gateway`; `key` unless given"),
    on("group_scopes", Map, "the same for single model groups: `gpt-4o: team`"),
    on("max_memory_mb", Count, "memory for answers, MiB; 64 unless given"),
    on("semantic", Map, "gives answers to other questions that mean the same, whatever the `type`"),
    on("similarity_threshold", Number, "other name of `semantic.threshold`"),
    on("max_messages", Count, "most messages of a call that is compared by what it means; 4 unless given"),
    on("semantic_cache_scope", Text, "other name of `scope`: `key`, or `end_user`, which is `customer`"),
    on("redis_semantic_cache_embedding_model", Text, "other name of `semantic.model`; `text-embedding-ada-002` unless given"),
    on("qdrant_semantic_cache_embedding_model", Text, "the same for `qdrant-semantic`"),
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
    moot("redis_semantic_*", Any, "the index of a semantic cache in Redis", "it is where the answers are"),
    moot("qdrant_*", Any, "where Qdrant is", "questions are compared within the process"),
    on("s3_bucket_name", Text, "the bucket, for `type: s3`"),
    on("s3_region_name", Text, "its region; else the environment's, or us-east-1"),
    on("s3_endpoint_url", Text, "where it is, if not at Amazon"),
    on("s3_path", Text, "what the names of its objects begin with"),
    on("s3_aws_access_key_id", Secret, "key of Amazon's cloud; otherwise found as for models"),
    on("s3_aws_secret_access_key", Secret, "its secret"),
    on("s3_aws_session_token", Secret, "what belongs to a key that holds for a while"),
    on("s3_aws_profile_name", Text, "profile of `~/.aws` whose credential it is"),
    on("s3_aws_role_name", Text, "role that is taken"),
    on("s3_aws_session_name", Text, "what its session is called"),
    on("s3_aws_external_id", Secret, "what the owner of the role wants to be told"),
    on("s3_aws_web_identity_token", Secret, "token, or file of one, that the role is taken with"),
    on("s3_aws_sts_endpoint", Text, "where roles are taken"),
    moot("s3_*", Any, "settings of the incumbent's client", "the client is another one"),
    on("gcs_bucket_name", Text, "the bucket, for `type: gcs`"),
    on("gcs_path_service_account", Credentials, "file, or text, of Google's credentials; else those of the environment or the machine"),
    on("gcs_path", Text, "what the names of its objects begin with"),
    on("gcs_endpoint_url", Text, "where it is, if not at Google"),
    later("azure_*", Any, "answers in Azure"),
];
