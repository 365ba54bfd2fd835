//! The sections themselves.

use super::Kind::*;
use super::{Key, Table, later, moot, noted, on, unguarded};

/// The top of a configuration.
pub static TOP: Table = Table { name: "config.yaml", keys: &[SECTIONS], open: false };

#[rustfmt::skip]
const SECTIONS: &[Key] = &[
    on("model_list", List, "the deployments"),
    on("router_settings", Map, "how deployments are chosen, and what happens when they fail"),
    on("litellm_settings", Map, "the same and more; `router_settings` wins"),
    on("general_settings", Map, "the gateway itself"),
    on("credential_list", List, "keys and addresses that deployments share"),
    on("environment_variables", Map, "values for `os.environ/NAME` and for providers' variables; they win over the environment"),
    on("include", Texts, "further files, relative to this one: lists are appended, other sections replaced"),
    on("guardrails", List, "checks of requests and answers"),
    unguarded("policies", Any, "sets of guardrails"),
    unguarded("policy_attachments", Any, "who gets which set"),
    later("mcp_servers", Map, "MCP servers by name"),
    later("mcp_tools", List, "tools of our own for MCP"),
    later("vector_store_registry", List, "vector stores"),
    later("search_tools", List, "search tools"),
    later("sandbox_tools", List, "sandboxes"),
    later("prompts", List, "prompts that are kept here"),
    later("agent_list", List, "agents"),
    later("agents", List, "agents"),
    on("callback_settings", Map, "settings of each callback, by its name"),
    on("files_settings", List, "where files and batches go that name no model: `custom_llm_provider`, `api_key`, `api_base`"),
    later("finetune_settings", List, "providers of fine-tuning"),
    later("assistant_settings", Map, "provider of the Assistants API"),
    on("default_vertex_config", Map, "`vertex_project`, `vertex_location`, `vertex_credentials` of pass-through routes, where no deployment has them"),
    on("pass_through_endpoints", List, "the same as in `general_settings`"),
    later("worker_registry", List, "further gateways that the UI manages"),
    noted("x-*", Any, "a place for anchors and notes of your own"),
    moot("plugins", List, "Python plugins", "there is no Python here"),
];
