//! `litellm_settings`.

use super::Kind::*;
use super::{Key, Table, later, moot, on, unguarded};

/// Settings of the incumbent's library. Where `router_settings` has the same key, that one wins.
pub static LIBRARY: Table =
    Table { name: "litellm_settings", keys: &[CALLS, CACHE, BUDGETS, KEYS, SEEING, GUARDS, MISC], open: false };

#[rustfmt::skip]
const CALLS: &[Key] = &[
    on("drop_params", Flag, "drops parameters a model does not know instead of refusing them"),
    on("strict", Flag, "refuses calls of which something would be lost in translation, hints too, instead of saying what in `x-lockgate-dropped`"),
    on("num_retries", Count, "tries after the first one"),
    on("request_timeout", Limit, "seconds a call may take"),
    on("fallbacks", Any, "groups that stand in"),
    on("context_window_fallbacks", Any, "the same when the input is too long for the group"),
    on("content_policy_fallbacks", Any, "the same when the provider refuses the content"),
    on("default_fallbacks", Texts, "groups that stand in for every group"),
    on("max_fallbacks", Count, "most groups that are tried after the first"),
    on("allowed_fails", Count, "faults per minute after which a deployment rests"),
    on("cooldown_time", Seconds, "seconds a deployment rests"),
    on("sse_keepalive_ping_interval_seconds", Limit, "silence after which a stream gets a sign of life"),
    on("anthropic_sse_ping_interval_seconds", Limit, "the same; the shorter one counts for all streams; 15 unless given"),
    later("modify_params", Flag, "adds what a provider insists on"),
    later("include_cost_in_streaming_usage", Flag, "tells the cost at the end of streams"),
    later("enable_json_schema_validation", Flag, "checks answers against their schema"),
    later("model_alias_map", Map, "other names of models"),
    later("reasoning_auto_summary", Flag, "asks for a summary of the reasoning"),
    moot("add_function_to_prompt", Flag, "writes tools into the prompt of models that know none", "tools are refused or passed on, never hidden in a prompt"),
    later("disable_stop_sequence_limit", Flag, "passes on more stop sequences than a provider takes"),
    later("use_chat_completions_url_for_anthropic_messages", Flag, "serves Anthropic's API through chat completions"),
    later("route_all_chat_openai_to_responses", Flag, "serves chat through the Responses API"),
    moot("custom_provider_map", List, "providers written in Python", "there is no Python here"),
    moot("enable_preview_features", Flag, "previews of the incumbent", "there are none here"),
    moot("network_mock", Flag, "answers without network, for benchmarks", "use the model mock/demo"),
];

#[rustfmt::skip]
const CACHE: &[Key] = &[
    on("cache", Flag, "answers repeated requests from a cache; see `docs/caching.md`"),
    on("cache_params", Map, "where answers are kept, e.g. in Redis, and for how long"),
    later("enable_redis_auth_cache", Flag, "shares what is known about keys through Redis"),
    later("force_redis_hash_tag_grouping", Flag, "key names for Redis Cluster"),
];

#[rustfmt::skip]
const BUDGETS: &[Key] = &[
    on("max_budget", Money, "most spend of the whole gateway"),
    on("budget_duration", Text, "window of `max_budget`: `30s`, `5m`, `24h`, `7d`, `30d`, `1mo`"),
    on("timezone", Text, "time zone in which the days and months of budgets begin; UTC unless given; taken at the start"),
    unguarded("max_user_budget", Money, "most spend of a user"),
    on("max_internal_user_budget", Money, "most spend of an internal user"),
    unguarded("default_max_internal_user_budget", Money, "the same, unless the user has one"),
    on("internal_user_budget_duration", Text, "window of internal users' budgets"),
    on("max_end_user_budget", Money, "most spend of a customer without a budget of its own"),
    on("max_end_user_budget_id", Text, "shared budget of customers without one of their own"),
    unguarded("max_ui_session_budget", Money, "most spend of a session in the UI"),
    later("default_soft_budget", Money, "spend that raises an alert"),
    on("budget_exceeded_status_code", Count, "status of refusals by a budget; 422 unless given"),
    on("budget_exceeded_throttle_percentage", Number, "part of its `rpm_limit` and `tpm_limit` that a key with `throttle_on_budget_exceeded` has when its `max_budget` is spent: above 0, at most 1"),
    later("budget_rollover", Flag, "carries the rest of a budget over"),
    unguarded("tag_budget_config", Map, "most spend by tag"),
    on("block_requests_for_models_without_pricing", Flag, "refuses models without a price"),
    later("default_key_max_budget_alert_emails", Any, "who is told about exhausted budgets"),
    on("cost_discount_config", Map, "discounts by provider, or `global`: `openai: 0.05`"),
    on("cost_margin_config", Map, "margins by provider, or `global`: `openai: 0.1` or `global: {percentage: 0.08, fixed_amount: 0.0005}`"),
    on("model_cost_map_url", Text, "price map in the incumbent's format: a file, or an address that is asked every few hours; otherwise `LITELLM_MODEL_COST_MAP_URL`"),
    on("default_price", Map, "prices of models whose prices are not known"),
    later("disable_end_user_cost_tracking", Flag, "no spend by end user"),
    later("extra_spend_tag_headers", Texts, "headers that become spend tags"),
    later("disable_add_user_agent_to_request_tags", Flag, "no tag for the caller's program"),
    later("priority_reservation", Map, "share of the limits by priority"),
];

#[rustfmt::skip]
const KEYS: &[Key] = &[
    on("default_key_generate_params", Map, "what new keys get"),
    on("upperbound_key_generate_params", Map, "what new keys may at most get"),
    on("key_generation_settings", Map, "who may create keys"),
    later("enable_key_alias_format_validation", Flag, "checks names of keys"),
    later("key_alias_pattern", Text, "what names of keys look like"),
    on("default_internal_user_params", Map, "what new users get"),
    on("default_team_params", Map, "what new teams get"),
    later("default_team_settings", List, "logging by team"),
    later("public_mcp_servers", Texts, "MCP servers shown to everybody"),
    later("public_model_groups", Texts, "models shown to everybody"),
    later("public_agent_groups", Texts, "agents shown to everybody"),
];

#[rustfmt::skip]
const SEEING: &[Key] = &[
    on("callbacks", Texts, "who is told of calls: `otel`, `s3` (`s3_v2`), `generic_api`, `langfuse`, `clickhouse`; see `docs/observability.md`"),
    on("success_callback", Texts, "who is told of calls that went well"),
    on("failure_callback", Texts, "who is told of calls that did not"),
    later("input_callback", Texts, "where requests are reported"),
    later("service_callbacks", Texts, "where the gateway's own services are reported"),
    later("service_callback", Texts, "where the gateway's own services are reported"),
    later("audit_log_callbacks", Texts, "where changes are reported"),
    on("callback_settings", Map, "settings of each callback, by its name; those at the top of the file win"),
    on("turn_off_message_logging", Flag, "nothing that is said in calls is kept or told, whoever wants it"),
    later("redact_messages_in_exceptions", Flag, "no content in errors"),
    on("redact_user_api_key_info", Flag, "callbacks are not told whose call it was"),
    later("log_raw_request_response", Flag, "raw requests in logs"),
    later("standard_logging_payload_excluded_fields", Texts, "fields that are not logged"),
    later("langfuse_default_tags", Texts, "tags in Langfuse"),
    later("cold_storage_custom_logger", Text, "where content is kept"),
    on("s3_callback_params", Map, "bucket, address and credential of the callback `s3`"),
    later("aws_sqs_callback_params", Map, "logs in SQS"),
    later("datadog_params", Map, "logs in Datadog"),
    on("generic_logger_headers", Map, "headers of the callback `generic_api`"),
    later("disable_streaming_logging", Flag, "no log of streams"),
    moot("store_audit_logs", Flag, "keeps a log of changes", "it is always kept"),
    on("allow_dynamic_callback_disabling", OnFlag, "callers may say who is not told of their calls"),
    on("global_disable_no_log_param", Flag, "callbacks are told of calls with `no-log` too"),
    later("json_logs", Flag, "logs as JSON"),
    moot("set_verbose", Flag, "logs more", "start with --debug"),
    later("prometheus_*", Any, "what the metrics tell"),
    later("custom_prometheus_metadata_labels", Texts, "labels of the metrics"),
    later("custom_prometheus_tags", Texts, "labels of the metrics"),
    on("require_auth_for_metrics_endpoint", OnFlag, "`false`: everybody may see `/metrics`; else whoever sees everything, and `metrics_allowed_ips`"),
    later("enable_end_user_cost_tracking_prometheus_only", Flag, "end users in the metrics only"),
];

#[rustfmt::skip]
const GUARDS: &[Key] = &[
    on("skip_system_message_in_guardrail", Flag, "guardrails do not read system messages"),
    on("skip_tool_message_in_guardrail", Flag, "guardrails do not read what tools said"),
    unguarded("llm_guard_mode", Text, "which calls LLM Guard reads"),
    unguarded("banned_keywords_list", Any, "words that are refused"),
    unguarded("blocked_user_list", Any, "users that are refused"),
    unguarded("output_parse_pii", Flag, "puts masked personal data back into answers"),
    unguarded("presidio_ad_hoc_recognizers", Any, "personal data that Presidio looks for"),
    unguarded("guardrails", List, "guardrails (old place)"),
    unguarded("user_url_validation", OnFlag, "looks at addresses in requests"),
    unguarded("user_url_allowed_hosts", Texts, "hosts that requests may name"),
    on("provider_url_destination_allowed_hosts", Texts, "hosts that models of teams may call beside the providers' own"),
];

#[rustfmt::skip]
const MISC: &[Key] = &[
    later("mcp_aliases", Map, "names of MCP servers"),
    later("mcp_tool_search", Any, "search among MCP tools"),
    later("mcp_semantic_tool_filter", Any, "choice of MCP tools by meaning"),
    on("forward_traceparent_to_llm_provider", Flag, "tells providers of the trace that a call belongs to"),
    later("add_user_information_to_llm_headers", Flag, "tells providers who calls"),
    later("overwrite_user_with_key_hash", Flag, "hides users from providers"),
    later("model_group_settings", Map, "which groups get the caller's headers"),
    later("ssl_verify", OnFlag, "check of servers' certificates"),
    later("ssl_certificate", Text, "client certificate"),
    moot("force_ipv4", Flag, "no IPv6", "both are tried, whichever answers first"),
    moot("http2", Flag, "HTTP/2 towards providers", "providers are called with HTTP/1.1, which streams as well"),
    moot("disable_aiohttp_transport", Flag, "the incumbent's HTTP client", "there is one HTTP client here"),
    moot("aiohttp_trust_env", Flag, "the incumbent's HTTP client", "there is one HTTP client here"),
    moot("use_aiohttp_transport", Flag, "the incumbent's HTTP client", "there is one HTTP client here"),
    later("disable_token_counter", Flag, "counts no tokens"),
    moot("disable_hf_tokenizer_download", Flag, "fetches no tokenizers", "nothing is ever fetched"),
    moot("telemetry", OnFlag, "the incumbent's telemetry", "there is none"),
    later("require_managed_files", Flag, "files only through the gateway"),
    later("enable_loadbalancing_on_batch_endpoints", Flag, "shares batches between deployments"),
    moot("*_key", Secret, "keys of providers", "write api_key in litellm_params, or set the provider's environment variable"),
];
