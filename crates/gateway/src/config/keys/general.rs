//! `general_settings`.

use super::Kind::*;
use super::{Key, Table, later, moot, noted, on, unguarded};

/// Settings of the gateway itself.
pub static GENERAL: Table = Table {
    name: "general_settings",
    keys: &[IDENTITY, DATABASE, SPEND, LIMITS, ACCESS, MODELS, HEALTH, ALERTS, SECRETS, UI, ROUTES],
    open: false,
};

#[rustfmt::skip]
const IDENTITY: &[Key] = &[
    on("master_key", Secret, "key that may do everything; otherwise `LITELLM_MASTER_KEY`; without one everybody may call"),
    on("litellm_key_header_name", Text, "one more header in which keys are looked for"),
    on("allow_client_side_credentials", Flag, "lets requests bring their own `api_key` and `api_base`"),
    noted("dangerously_permit_weak_or_unset_master_key", Flag, "starts with a weak master key; here it is a warning in any case"),
    unguarded("custom_auth", Text, "Python function that checks keys"),
    unguarded("custom_auth_settings", Map, "settings of `custom_auth`"),
    unguarded("custom_auth_run_common_checks", Flag, "further checks after `custom_auth`"),
    moot("allow_user_auth", Flag, "sign-in of users (old)", "it was given up long ago"),
    on("enable_jwt_auth", Flag, "takes JSON web tokens in the place of keys (`docs/sign-in.md`)"),
    on("litellm_jwtauth", Map, "whose tokens are taken, and what their claims mean"),
    unguarded("enable_oauth2_auth", Flag, "accepts OAuth2 tokens"),
    unguarded("enable_oauth2_proxy_auth", Flag, "trusts an OAuth2 proxy in front"),
    unguarded("oauth2_config_mappings", Map, "headers of the OAuth2 proxy"),
    on("enforce_rbac", Flag, "tokens must stand for a user, a team or an administrator: always so"),
    on("role_permissions", List, "what tokens of a kind may do: `{role, models, routes}`"),
    on("user_header_name", Text, "header that names the end user"),
    later("user_header_mappings", List, "headers that name users"),
    on("trusted_proxy_ranges", Texts, "proxies whose headers are believed"),
    on("use_x_forwarded_for", Flag, "takes the caller's address from `X-Forwarded-For`"),
];

#[rustfmt::skip]
const DATABASE: &[Key] = &[
    on("database_url", Secret, "database that keeps keys and spend: `sqlite://path` or `postgres://...`; otherwise `DATABASE_URL`, otherwise the file lockgate.db in `data_dir`; `none` keeps nothing"),
    on("data_dir", Text, "folder of lockgate.db and of what has not reached the database yet; otherwise that of the configuration"),
    later("database_*", Any, "connections to the database"),
    moot("disable_prisma_schema_update", Flag, "no migrations of the incumbent's schema", "its schema is never touched"),
    moot("allow_requests_on_db_unavailable", Flag, "serves while the database is down", "keys that are known are always served, others never"),
    later("use_redis_transaction_buffer", Flag, "collects spend in Redis"),
    moot("user_api_key_cache_ttl", Seconds, "how long keys are believed", "keys are checked anew at every call"),
    noted("store_model_in_db", Flag, "models that are added while running: always possible"),
    later("supported_db_objects", Texts, "what is read from the database"),
    moot("proxy_config_reload_interval_seconds", Seconds, "how often the configuration is read again", "a changed file is read at once"),
    later("encryption_algorithm", Text, "how secrets are stored"),
    on("coordination_redis", Map, "Redis by way of which replicas share limits and budgets; `REDIS_URL` or `REDIS_HOST` stand in"),
    later("scheduled_job_stagger", Map, "spreads background jobs"),
];

#[rustfmt::skip]
const SPEND: &[Key] = &[
    on("max_budget", Money, "most spend of the whole gateway"),
    on("budget_duration", Text, "window of `max_budget`: `30s`, `5m`, `24h`, `7d`, `30d`, `1mo`"),
    later("disable_spend_logs", Flag, "no log of calls"),
    later("disable_spend_updates", Flag, "no sums of spend"),
    later("disable_error_logs", Flag, "no log of failed calls"),
    on("store_prompts_in_spend_logs", Flag, "keeps what is said in calls, of keys and teams that do not say otherwise; see `docs/log.md`"),
    on("store_prompts_max_kb", Count, "KiB that are kept of a request and of an answer; 256 unless given"),
    on("store_prompts_retention_period", Text, "how long what was said is kept: `7d`; as long as the rows of the ledger unless given"),
    on("store_responses", OnFlag, "keeps answers of the Responses API whose providers do not keep them, unless the call says `store: false`; see `docs/responses.md`"),
    on("stored_responses_retention_period", Text, "how long they are kept: `30d` unless given"),
    on("max_stored_responses", Count, "how many are kept at most, the newest; 1000000 unless given"),
    later("disable_reset_budget", Flag, "budgets never begin anew"),
    moot("disable_budget_reservation", Flag, "no reservation for calls in flight", "without one, budgets would be overrun"),
    moot("fail_closed_budget_enforcement", Flag, "refuses when spend is unknown", "budgets always hold"),
    on("apply_user_budget_to_team_keys", Flag, "a user's budget counts for team keys too"),
    later("proxy_batch_write_at", Seconds, "how often spend is written"),
    later("proxy_budget_rescheduler_*", Seconds, "how often budgets are reset"),
    on("maximum_spend_logs_retention_period", Text, "how long rows of the ledger are kept: `30d`; their spend stays in all sums; for ever unless given"),
    later("maximum_spend_logs_*", Any, "how long the log of calls is kept"),
    later("use_spend_logs_partitioning", Flag, "partitions of the log of calls"),
    later("spend_logs_metadata_fields", Any, "metadata in the log of calls"),
    later("disable_adding_master_key_hash_to_db", Flag, "no spend of the master key"),
    later("disable_requester_ip_address_logging", Flag, "no addresses in the log of calls"),
    later("spend_report_frequency", Text, "how often spend is reported"),
    later("accounting_*", Any, "the incumbent's durable ledger"),
    later("spend_capture_rate_check", Any, "compares spend with the provider's"),
    later("track_unmanaged_batch_cost", Flag, "cost of foreign batches"),
];

#[rustfmt::skip]
const LIMITS: &[Key] = &[
    on("max_request_size_mb", Number, "largest request body; 32 unless given"),
    on("max_response_size_mb", Number, "largest answer that is not streamed; 128 unless given"),
    on("realtime_max_message_mb", Number, "largest message of a realtime session; 16 unless given"),
    on("realtime_idle_timeout", Seconds, "silence after which a realtime session ends; 600 unless given"),
    on("realtime_session_timeout", Seconds, "how long a realtime session may last; 3600 unless given"),
    on("max_parallel_requests", Count, "most calls at a time of each key that says nothing"),
    on("global_max_parallel_requests", Count, "most calls at a time"),
    on("loop_breaker", Map, "what is done about keys that make the same call again and again, or far more than usual; see `docs/keys.md`"),
    on("token_rate_limit_type", Text, "which tokens count for limits: `total` (unless given), `input` or `output`"),
    moot("fail_closed_rate_limit_enforcement", Flag, "refuses when counters are unknown", "limits always hold"),
    unguarded("max_in_flight_requests_per_worker", Count, "most calls at a time of each worker"),
    unguarded("max_queued_requests_per_worker", Count, "most waiting calls of each worker"),
    unguarded("admission_queue_timeout_seconds", Seconds, "how long a call may wait"),
    unguarded("max_file_size_mb", Number, "largest file"),
    unguarded("max_batch_file_size_mb", Number, "largest batch"),
    unguarded("max_batch_file_records", Count, "most entries of a batch"),
    unguarded("allowed_file_extensions", Texts, "files that are taken"),
    unguarded("blocked_file_extensions", Texts, "files that are refused"),
    later("disable_retry_on_max_parallel_request_limit_error", Flag, "no second try at a limit"),
    later("disable_fallbacks_on_per_model_rate_limits", Flag, "no fallback at a limit"),
];

#[rustfmt::skip]
const ACCESS: &[Key] = &[
    on("allowed_ips", Texts, "addresses and ranges that may call; everybody, if there are none"),
    on("metrics_allowed_ips", Texts, "addresses and ranges that may see `/metrics` without a key"),
    on("public_routes", Texts, "paths, patterns such as `/x/*` and groups such as `info_routes` that need no key"),
    on("admin_only_routes", Texts, "paths for administrators"),
    on("allowed_routes", Texts, "paths for everybody else"),
    unguarded("enforced_params", Texts, "fields that requests must have"),
    unguarded("enforce_user_param", Flag, "requests must name their user"),
    unguarded("reject_clientside_metadata_tags", Flag, "requests may not bring tags"),
    unguarded("service_account_settings", Map, "rules for service accounts"),
    on("default_team_disabled", Flag, "no keys without a team"),
    on("disable_custom_api_keys", Flag, "no keys of one's own choice"),
    on("disable_key_generate_for_org_admin", Flag, "organization admins create no keys"),
    unguarded("custom_key_*", Text, "Python functions around keys"),
    unguarded("custom_team_metadata_validate", Text, "Python function around teams"),
    later("self_serve_budget_policy", Map, "budgets that users give themselves"),
    on("enforce_fallback_model_access", Flag, "a key must be allowed to call the fallback too; others are passed over"),
    unguarded("vector_store_deny_by_default", Flag, "vector stores need a grant"),
    unguarded("search_tool_deny_by_default", Flag, "search tools need a grant"),
    unguarded("agent_access_default_deny", Flag, "agents need a grant"),
    unguarded("user_url_validation", OnFlag, "looks at addresses in requests"),
    later("missing_session_id", Text, "what to do without a session id"),
    later("disable_responses_id_security", Flag, "ids of responses may be foreign"),
    later("allow_unmanaged_response_ids", Flag, "ids of responses may be unknown"),
];

#[rustfmt::skip]
const MODELS: &[Key] = &[
    on("completion_model", Text, "group that all chats and completions go to, whatever model they name"),
    on("embedding_model", Text, "the same for embeddings"),
    on("image_generation_model", Text, "the same for pictures made from texts"),
    on("moderation_model", Text, "the same for moderations; those that name none go to `omni-moderation-latest`"),
    later("infer_model_from_keys", Flag, "lists what the environment's keys can call"),
    later("return_wildcard_routes", Flag, "lists wildcard names"),
    later("model_list_healthy_only", Flag, "lists healthy models only"),
    later("use_team_public_model_name", Flag, "lists models by the team's names"),
    later("forward_client_headers_to_llm_api", Flag, "passes the caller's headers on"),
    later("forward_llm_provider_auth_headers", Flag, "passes the caller's provider key on"),
    later("forward_openai_org_id", Flag, "passes the caller's organization on"),
    on("always_include_stream_usage", Flag, "shows what was used at the end of every stream whose caller does not say whether it wants to see that"),
    later("include_call_id_in_error_body", Flag, "call id in errors"),
    moot("cancel_on_disconnect", OnFlag, "gives calls up when the caller is gone", "that is always done"),
];

#[rustfmt::skip]
const HEALTH: &[Key] = &[
    on("background_health_checks", Flag, "looks at all deployments now and then, at no cost: asks for the provider's list of models (`docs/health.md`)"),
    on("health_check_interval", Seconds, "seconds between two looks; 300 unless given"),
    on("health_check_concurrency", Count, "most looks at a time; 10 unless given"),
    on("background_health_check_model_groups", Texts, "model groups that are looked at; all, if none is named"),
    on("health_check_details", Flag, "`false`: `/health` tells only which deployments are well"),
    later("health_check_*", Any, "how models are asked"),
    on("enable_health_check_routing", Flag, "a deployment that is found ill gets no calls until it is found well, if others can take them"),
    later("use_shared_health_check", Flag, "one replica asks for all"),
    later("enable_drain_endpoint", Flag, "path that drains the gateway"),
    later("drain_endpoint_token", Secret, "token of that path"),
    later("allow_public_health_readiness_details", Flag, "details without a key"),
];

#[rustfmt::skip]
const ALERTS: &[Key] = &[
    on("alerting", Texts, "where alerts go: `slack` (`SLACK_WEBHOOK_URL`), `discord` (`DISCORD_WEBHOOK_URL`), `teams` (`TEAMS_WEBHOOK_URL`), `webhook` (`WEBHOOK_URL`), `email` (`SMTP_HOST` and its like): see alerts.md"),
    on("alerting_threshold", Seconds, "seconds from which on the answers of a deployment are called slow; 300 unless given"),
    on("alert_types", Texts, "which alerts, by the names in alerts.md; all, unless given"),
    on("alert_to_webhook_url", Map, "where each kind of alert goes, one address or a list of them, instead of `SLACK_WEBHOOK_URL`"),
    on("alerting_args", Map, "settings of alerts, from when on and how often: see alerts.md"),
    later("alert_type_config", Map, "digests of alerts"),
];

#[rustfmt::skip]
const SECRETS: &[Key] = &[
    later("key_management_system", Text, "where `os.environ/` looks beside the environment"),
    later("key_management_settings", Map, "settings of that"),
    later("use_google_kms", Flag, "Google's key management"),
    later("use_azure_key_vault", Flag, "Azure's key vault"),
];

#[rustfmt::skip]
const UI: &[Key] = &[
    later("ui_access_mode", Any, "who may use the UI"),
    later("custom_sso", Text, "Python function for sign-in"),
    later("custom_ui_sso_sign_in_handler", Text, "Python function for sign-in"),
    on("auto_redirect_ui_login_to_sso", Flag, "signs in by SSO at once; `AUTO_REDIRECT_UI_LOGIN_TO_SSO` stands in"),
    on("disable_password_login_when_sso_enabled", Flag, "no passwords of users where there is SSO; the master key still opens the UI"),
    on("disable_env_credential_login", Flag, "no sign-in to the UI with `UI_USERNAME`, `UI_PASSWORD` or the master key"),
    unguarded("disable_master_key_return", Flag, "never shows the master key"),
    unguarded("password_policy_*", Any, "what passwords must be like"),
    unguarded("max_failed_login_attempts_per_source", Count, "failed sign-ins before a pause"),
    unguarded("failed_login_*", Seconds, "how long that pause is"),
    later("control_plane_url", Text, "gateway that manages this one"),
];

#[rustfmt::skip]
const ROUTES: &[Key] = &[
    on("pass_through_endpoints", List, "paths that are passed on to other servers; `docs/pass-through.md`"),
    later("use_client_credentials_pass_through_routes", Flag, "with the caller's own key"),
    on("pass_through_request_timeout", Limit, "seconds until the answer to such a call must have begun"),
    later("enable_openai_websocket_passthrough", Flag, "websockets of OpenAI"),
    later("passthrough_managed_object_ids", Any, "ids on such paths"),
    later("enable_mcp_registry", Flag, "list of MCP servers"),
    unguarded("mcp_*", Any, "rules for MCP servers"),
    later("user_mcp_management_mode", Text, "whose MCP servers are used"),
    unguarded("require_end_user_mcp_access_defined", Flag, "MCP servers need a grant"),
    unguarded("require_key_mcp_access_defined", Flag, "MCP servers need a grant"),
    later("enable_claude_code_gateway", Flag, "settings for coding agents"),
    later("claude_code_*", Any, "settings for coding agents"),
];
