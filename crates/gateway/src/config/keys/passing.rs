//! `pass_through_endpoints`.

use super::Kind::*;
use super::{Key, Table, noted, on};

/// One path that is passed on.
pub static PASS_THROUGH: Table = Table { name: "pass_through_endpoints[]", keys: &[ENTRY], open: false };

#[rustfmt::skip]
const ENTRY: &[Key] = &[
    on("path", Name, "the path here, such as `/v1/rerank`"),
    on("target", Name, "the address that its calls go to"),
    on("headers", Map, "headers of every such call, the credential among them; `os.environ/NAME` may also end a value, as in `Bearer os.environ/KEY`"),
    on("include_subpath", Flag, "what stands behind the path goes on too"),
    on("auth", OnFlag, "whether callers need a key; unlike at the incumbent they do unless this is `false`"),
    on("cost_per_request", Money, "dollars that a call costs"),
    on("methods", Texts, "methods that are passed on; all, if none is named"),
    on("timeout", Limit, "seconds until an answer must have begun"),
    on("default_query_params", Map, "fields that queries get that lack them"),
    on("forward_headers", Flag, "the caller's own headers go on, without those that are for the gateway"),
    noted("id", Any, "its name in the incumbent's database"),
    noted("is_from_config", Any, "where the incumbent has it from"),
    on("guardrails", Any, "guardrails of these calls, beside those that all calls have: a list of names, or a mapping of names to `request_fields` and `response_fields`"),
];
