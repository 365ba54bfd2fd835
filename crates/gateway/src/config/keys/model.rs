//! `model_list` and `credential_list`.

use super::Kind::*;
use super::prices::PRICES;
use super::{Key, Table, later, moot, noted, on, unguarded};

/// One entry of `model_list`.
pub static MODEL: Table = Table { name: "model_list[]", keys: &[ENTRY], open: false };

/// How a deployment is called.
pub static PARAMS: Table = Table {
    name: "model_list[].litellm_params",
    keys: &[CONNECTION, SHARE, LIMITS, REQUESTS, COMMON, PRICES, CLOUDS, MARKERS],
    open: true,
};

/// An entry of `model_list` that is a router.
pub static MARKER: Table =
    Table { name: "model_list[].litellm_params of auto_router/...", keys: &[ROUTERS], open: false };

/// What is known about a deployment.
pub static MODEL_INFO: Table = Table { name: "model_list[].model_info", keys: &[FACTS, PRICES], open: true };

/// One entry of `credential_list`.
pub static CREDENTIAL: Table = Table { name: "credential_list[]", keys: &[CREDENTIAL_ENTRY], open: false };

#[rustfmt::skip]
const ENTRY: &[Key] = &[
    on("model_name", Name, "name that callers use; entries with the same name share its calls; one `*` stands for any text"),
    on("litellm_params", Map, "how the deployment is called"),
    on("model_info", Map, "what is known about it"),
    on("blocked", Flag, "leaves the deployment out"),
    unguarded("guardrails", Texts, "guardrails of this model"),
];

#[rustfmt::skip]
const CONNECTION: &[Key] = &[
    on("model", Name, "`provider/model`, split at the first slash; `*` takes over what stood for the `*` of the name"),
    on("custom_llm_provider", Text, "provider, whatever `model` begins with"),
    on("api_key", Secret, "key; otherwise from the credential, otherwise from the provider's environment variables"),
    on("api_base", Text, "address of the server; otherwise from the credential, the environment, the provider table"),
    on("base_url", Text, "other name of `api_base`"),
    on("litellm_credential_name", Text, "entry of `credential_list` that key and address come from"),
    on("headers", Map, "headers of every request to the provider"),
    on("extra_headers", Map, "other name of `headers`"),
    on("organization", Text, "sent as `OpenAI-Organization`"),
    on("configurable_clientside_auth_params", List, "`api_key`, `api_base`: what a request may bring instead"),
    on("api_version", Text, "version of Azure's API, such as `2024-10-21`, `preview` or `v1`; otherwise from `api_base`, the environment, `2025-02-01-preview`"),
    on("azure_ad_token", Secret, "token of Entra ID in the place of a key"),
    on("region_name", Text, "region of the deployment, such as `eu`, for models whose price depends on it"),
    on("use_in_pass_through", Flag, "its credential is the one that pass-through routes use first; with `false` they never do"),
    later("ssl_verify", OnFlag, "check of the server's certificate"),
];

#[rustfmt::skip]
const SHARE: &[Key] = &[
    on("weight", Number, "share of the group's calls"),
    on("rpm", Count, "requests per minute: share where no deployment of the group has a weight; those that have reached theirs come last"),
    on("tpm", Count, "tokens per minute: share where none has a weight or rpm; those that have reached theirs come last"),
    on("order", Signed, "lowest first; deployments without one come last"),
    on("tags", Texts, "tags that requests can ask for: see `docs/routing.md`"),
    on("tag_regex", Texts, "patterns of `User-Agent: ...`: clients that one fits are sent here where tags choose"),
    on("max_parallel_requests", Count, "most calls at a time"),
    on("itpm", Count, "input tokens per minute"),
    on("otpm", Count, "output tokens per minute"),
    on("rpd", Count, "requests per day"),
    on("tpd", Count, "tokens per day"),
    later("daily_reset_time", Text, "when the limits per day begin anew"),
    on("max_budget", Money, "most spend of the deployment"),
    on("budget_duration", Text, "window of `max_budget`"),
    on("default_api_key_tpm_limit", Count, "tokens per minute of each key on this model"),
    on("default_api_key_rpm_limit", Count, "requests per minute of each key on this model"),
    later("silent_model", Text, "group that gets a copy of each call"),
];

#[rustfmt::skip]
const LIMITS: &[Key] = &[
    on("timeout", Limit, "seconds a whole answer may take; also bounds the first content of a stream unless `stream_timeout` does"),
    on("stream_timeout", Limit, "seconds until the first content of a stream, and of silence within it"),
    on("stream_idle_timeout", Limit, "seconds of silence within a stream (only here)"),
    on("connect_timeout", Limit, "seconds for DNS, TCP and TLS (only here)"),
    on("num_retries", Count, "tries after the first one"),
    on("max_retries", Count, "other name of `num_retries`"),
    later("timeout_by_service_tier", Map, "time limits by service tier"),
    later("stream_timeout_by_service_tier", Map, "time limits of streams by service tier"),
    on("cooldown_time", Seconds, "seconds this deployment rests after faults, unless the provider says how long"),
];

#[rustfmt::skip]
const REQUESTS: &[Key] = &[
    on("drop_params", Flag, "drops parameters the model does not know instead of refusing them"),
    on("strict", Flag, "refuses calls of which something would be lost on the way to it"),
    on("additional_drop_params", Texts, "fields that are always taken out of requests"),
    on("mock_response", Text, "answer that is given instead of asking the provider"),
    on("extra_body", Map, "fields that are added to requests that lack them"),
    moot("stream", Flag, "streams answers", "callers decide whether they want a stream"),
    later("allowed_openai_params", Texts, "parameters that are passed on although the model is said not to know them"),
    on("merge_reasoning_content_in_choices", Flag, "puts reasoning into the text of chat completions, between `<think>` and `</think>`"),
    on("use_chat_completions_api", Flag, "serves the Responses API through chat completions"),
    later("keepalive_seconds", Limit, "silence after which a stream of this deployment gets a sign of life"),
    later("allow_client_keepalive_override", Flag, "lets callers choose that"),
    on("temperature", Any, "added to requests that lack it, as is every key that is not in this table"),
    on("max_tokens", Any, "added to requests that have no limit of the output"),
    on("dimensions", Any, "added to embedding requests that lack it"),
    on("num_ctx", Any, "context size of Ollama, added to requests that lack it"),
    on("keep_alive", Any, "how long Ollama keeps the model loaded, added to requests that lack it"),
    on("manage_node", OnFlag, "whether queueing and loading are decided here, for an Ollama: switch it off for a proxy before several (only here)"),
    on("preload", Count, "on how many nodes Ollama keeps the model loaded while nobody calls (only here): see `docs/local-engines.md`"),
    on("think", Any, "whether Ollama's model thinks, added to requests that lack it"),
    on("format", Any, "Ollama's answer format, added to requests that lack it"),
];

/// Parameters of requests that are common enough not to be taken for misspelt settings.
#[rustfmt::skip]
const COMMON: &[Key] = &[
    common("best_of"), common("chat_template_kwargs"), common("encoding_format"), common("frequency_penalty"),
    common("guided_json"), common("logit_bias"), common("logprobs"), common("max_completion_tokens"),
    common("max_new_tokens"), common("metadata"), common("min_p"), common("modalities"), common("n"),
    common("num_gpu"), common("num_predict"), common("num_thread"), common("options"), common("parallel_tool_calls"),
    common("prediction"), common("presence_penalty"), common("provider"), common("reasoning_effort"),
    common("repeat_penalty"), common("repetition_penalty"), common("response_format"), common("safety_settings"),
    common("seed"), common("service_tier"), common("stop"), common("store"), common("stream_options"),
    common("thinking"), common("tool_choice"), common("tools"), common("top_k"), common("top_logprobs"),
    common("top_p"), common("transforms"), common("user"), common("verbosity"), common("web_search_options"),
];

/// A parameter of requests.
const fn common(name: &'static str) -> Key {
    on(name, Any, "added to requests that lack it")
}

#[rustfmt::skip]
const CLOUDS: &[Key] = &[
    on("tenant_id", Text, "tenant of Entra ID: tokens are fetched with `client_id` and `client_secret` and take the place of the key"),
    on("client_id", Text, "application in Entra ID"),
    on("client_secret", Secret, "its secret"),
    on("azure_scope", Text, "what such tokens are for; Azure's AI services unless given"),
    on("oci_tenancy", Text, "tenancy in Oracle's cloud; otherwise `OCI_TENANCY`"),
    on("oci_user", Text, "user there, whose key signs requests; otherwise `OCI_USER`"),
    on("oci_fingerprint", Text, "fingerprint of the key; otherwise `OCI_FINGERPRINT`"),
    on("oci_key", Secret, "the key in PEM form; otherwise `OCI_KEY`"),
    on("oci_key_file", Text, "the file that has it; otherwise `OCI_KEY_FILE`"),
    on("oci_region", Text, "region of Oracle's cloud; otherwise `OCI_REGION`, otherwise us-chicago-1"),
    on("oci_compartment_id", Text, "compartment that pays; otherwise `OCI_COMPARTMENT_ID`"),
    on("watsonx_region_name", Text, "region of watsonx.ai; otherwise `WATSONX_REGION`, otherwise us-south"),
    on("account_id", Text, "account at Snowflake; otherwise `SNOWFLAKE_ACCOUNT_ID`"),
    on("project_id", Text, "project of watsonx.ai that pays; otherwise `WATSONX_PROJECT_ID`"),
    on("space_id", Text, "deployment space of watsonx.ai, in the place of a project"),
    on("token", Secret, "token of IBM's cloud or of GigaChat, in the place of a key; otherwise `WATSONX_TOKEN`, `GIGACHAT_ACCESS_TOKEN`"),
    on("sagemaker_base_url", Text, "address of SageMaker's runtime, in the place of `api_base`"),
    on("azure_credential", Text, "who signs in to Entra ID, by the name of Microsoft's libraries, such as `ManagedIdentityCredential`; otherwise `AZURE_CREDENTIAL`, otherwise who is known"),
    on("azure_username", Text, "person who signs in with `azure_password`, for `client_id` of `tenant_id`"),
    on("azure_password", Secret, "their password"),
    later("azure_*", Any, "other ways to sign in to Azure"),
    later("responses_api_version", Text, "version of Azure's Responses API; its newer API is used, which has none"),
    on("vertex_project", Text, "project in Google's cloud; otherwise from the credentials or `VERTEXAI_PROJECT`"),
    on("vertex_location", Text, "region of Vertex AI; otherwise `VERTEXAI_LOCATION`, otherwise us-central1"),
    on("vertex_credentials", Credentials, "file or JSON of a service account; otherwise `VERTEXAI_CREDENTIALS`, `GOOGLE_APPLICATION_CREDENTIALS`, those of the machine"),
    later("vertex_*", Any, "other settings of Vertex AI"),
    later("gcs_bucket_name", Text, "bucket for Vertex AI's batches"),
    on("aws_access_key_id", Secret, "key of Amazon's cloud; otherwise the profile's, those of the environment, of a web identity, of the default profile, of the container, of the machine"),
    on("aws_secret_access_key", Secret, "its secret"),
    on("aws_session_token", Secret, "what belongs to a key that holds for a while"),
    on("aws_region_name", Text, "region; otherwise as the model's name says, `AWS_REGION_NAME`, `AWS_REGION`, the profile's, us-west-2"),
    on("aws_profile_name", Text, "profile in `~/.aws/credentials` and `~/.aws/config`"),
    on("aws_role_name", Text, "role (ARN) that is taken with the key, or with the web identity"),
    on("aws_session_name", Text, "what the session of the role is called"),
    on("aws_external_id", Text, "what the owner of the role wants to be told"),
    on("aws_web_identity_token", Secret, "token of an issuer that the role trusts, or the file that has it"),
    on("aws_sts_endpoint", Text, "where roles are taken; Amazon's own service in the region unless given"),
    on("aws_bedrock_runtime_endpoint", Text, "other name of `api_base`"),
    later("aws_*", Any, "other settings of AWS"),
    later("s3_*", Any, "bucket for Bedrock's batches"),
    later("bedrock_tags", Any, "tags of Bedrock's requests"),
    later("watsonx_*", Any, "region of watsonx"),
    later("anthropic_federation_*", Any, "sign-in by workload identity"),
    later("anthropic_identity_*", Any, "sign-in by workload identity"),
    later("openai_identity_provider_id", Text, "sign-in by workload identity"),
    later("token_exchange_*", Any, "sign-in by workload identity"),
];

/// Why keys of routers have no effect elsewhere.
const ROUTERS_ONLY: &str = "only entries whose model is `auto_router/...` have it";

#[rustfmt::skip]
const ROUTERS: &[Key] = &[
    on("model", Name, "`auto_router/complexity_router`, `auto_router/quality_router`, `auto_router/adaptive_router`, `auto_router/NAME`"),
    on("complexity_router_config", Map, "`tiers`: a group, a list of groups or `{model_name: group}` for `SIMPLE`, `MEDIUM`, `COMPLEX`, `REASONING`; `tier_boundaries`; `keyword_tier_rules`: `[{keywords: [...], tier: COMPLEX}]`; `default_model`. How difficult a message is, our own classifier says"),
    on("complexity_router_default_model", Text, "group of a tier that has none"),
    on("quality_router_config", Map, "`available_models` with `model_info.litellm_routing_preferences: {quality_tier: 2, keywords: [...]}`, `complexity_to_quality`, `default_model`: the cheapest one that is good enough"),
    on("quality_router_default_model", Text, "group of a tier for which none is good enough"),
    on("adaptive_router_config", Map, "`available_models`: nothing is learnt here; hard work goes to the dearest of them, other work to the cheapest"),
    on("adaptive_router_default_model", Text, "group where prices do not decide"),
    on("auto_router_default_model", Text, "group that gets the calls of `auto_router/NAME` that are like no example"),
    on("auto_router_config_path", Text, "file with the routes, as JSON or YAML, by its path from this file; only in files"),
    on("auto_router_config", Any, "routes by examples, as JSON or in YAML: `{routes: [{name: my-model, utterances: [...], score_threshold: 0.5}]}`"),
    on("auto_router_embedding_model", Text, "group that makes the vectors of examples"),
    moot("auto_router_max_input_chars", Count, "how much of a message is compared", "it is always the first 2,000 characters"),
];

#[rustfmt::skip]
const MARKERS: &[Key] = &[
    moot("auto_router_*", Any, "routes by meaning of the message", ROUTERS_ONLY),
    moot("complexity_router_*", Any, "routes by difficulty of the message", ROUTERS_ONLY),
    moot("adaptive_router_*", Any, "routes by what did well before", ROUTERS_ONLY),
    moot("quality_router_*", Any, "routes by required quality", ROUTERS_ONLY),
    later("vector_store_id", Text, "vector store"),
    later("milvus_*", Any, "vector store"),
    later("valkey_*", Any, "vector store"),
];

#[rustfmt::skip]
const FACTS: &[Key] = &[
    on("id", Text, "the deployment's stable name; otherwise made from name, model and address"),
    on("base_model", Text, "model whose facts and prices hold"),
    on("max_input_tokens", Count, "context window for input"),
    on("max_output_tokens", Count, "largest output"),
    on("max_tokens", Count, "largest output, if `max_output_tokens` is not given"),
    on("supports_reasoning", Flag, "whether it knows reasoning"),
    on("supports_response_schema", Flag, "whether it takes a JSON schema for the answer"),
    on("supports_assistant_prefill", Flag, "whether a trailing assistant message is continued"),
    noted("supports_*", Flag, "other abilities"),
    on("mode", Text, "what it is for: `chat`, `completion`, `embedding`, `rerank` and so on; says which prices it needs"),
    on("replaces", Text, "model that would be called otherwise, such as `openai/gpt-4o-mini`: what calls would have cost there is what is saved"),
    on("hardware", Map, "the machine it runs on: see `docs/prices.md`"),
    on("litellm_routing_preferences", Map, "`quality_tier` and `keywords` for `auto_router/quality_router`"),
    noted("description", Text, "for readers"),
    noted("created_by", Text, "for readers"),
    noted("created_at", Text, "for readers"),
    noted("updated_at", Text, "for readers"),
    noted("discoverable", Flag, "for readers"),
    on("access_groups", Texts, "access groups: lists of models name them instead of all that is in them; a name that several entries share is in those that all of them are in"),
    on("team_id", Text, "team that the model belongs to: nobody else may call it"),
    later("team_public_model_name", Text, "name that the team uses"),
    later("supported_environments", Texts, "environments in which the deployment is used"),
    on("health_check", Text, "how its health is looked at: `listing` (the provider's list of models, which costs nothing) or `completion` (an answer of the model); `listing` unless one of the next two is set"),
    on("health_check_model", Text, "model that answers, of a deployment for many"),
    on("health_check_max_tokens", Count, "most tokens of that answer; 16 unless given"),
    on("health_check_timeout", Seconds, "seconds that a look may take; 10 unless given, 60 for an answer"),
    later("health_check_*", Any, "how the model's health is checked"),
    on("disable_background_health_check", Flag, "it is looked at only when `/health` is asked for"),
    on("allowed_fails", Count, "faults per minute after which this deployment rests"),
    on("allowed_fails_policy", Map, "the same by kind of fault"),
    on("cooldown_time", Seconds, "the same as in `litellm_params`, which wins"),
    moot("allow_fail_open", Flag, "keeps serving when checks fail", "calls always go on: when all deployments of a group rest, the least bad one is tried"),
    on("enable_tag_filtering", Flag, "whether tags choose the deployment in this model's group, whatever holds elsewhere"),
    later("adaptive_router_preferences", Map, "preferences of the adaptive router"),
    later("custom_tokenizer", Map, "how tokens are counted"),
];

#[rustfmt::skip]
const CREDENTIAL_ENTRY: &[Key] = &[
    on("credential_name", Name, "name that `litellm_credential_name` refers to"),
    on("credential_values", Map, "`api_key`, `api_base` and other connection values of `litellm_params`"),
    noted("credential_info", Map, "for readers"),
];
