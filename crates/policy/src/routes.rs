//! Which paths somebody may use: paths by name, by pattern, or by the name of a group of paths. They only ever take
//! away: what may be done under a path that is left is decided by whoever serves it.

/// Names for many paths, as the incumbent has them.
const GROUPS: &[(&str, &[&str])] = &[
    ("llm_api_routes", LLM),
    ("openai_routes", OPENAI),
    ("anthropic_routes", ANTHROPIC),
    ("google_routes", GOOGLE),
    ("ollama_routes", OLLAMA),
    ("mapped_pass_through_routes", PASS_THROUGH),
    ("mcp_routes", MCP),
    ("agent_routes", AGENTS),
    ("management_routes", MANAGEMENT),
    ("info_routes", INFO),
    ("spend_tracking_routes", SPEND),
    ("global_spend_tracking_routes", SPEND),
    ("public_routes", PUBLIC),
];

/// What a key of a type may use: `key_type` of a new key.
pub const KEY_TYPES: &[(&str, &[&str])] = &[
    ("default", &[]),
    ("llm_api", &["llm_api_routes"]),
    ("management", &["management_routes"]),
    ("read_only", &["info_routes"]),
];

#[rustfmt::skip]
const OPENAI: &[&str] = &[
    "/engines/*", "/openai/*", "/chat/completions", "/v1/chat/completions", "/completions", "/v1/completions",
    "/embeddings", "/v1/embeddings", "/images/*", "/v1/images/*", "/audio/*", "/v1/audio/*", "/moderations",
    "/v1/moderations", "/models", "/v1/models", "/models/*", "/v1/models/*", "/responses", "/v1/responses",
    "/responses/*", "/v1/responses/*", "/files", "/v1/files", "/files/*", "/v1/files/*", "/batches", "/v1/batches",
    "/batches/*", "/v1/batches/*", "/fine_tuning/*", "/v1/fine_tuning/*", "/assistants", "/v1/assistants",
    "/assistants/*", "/v1/assistants/*", "/threads", "/v1/threads", "/threads/*", "/v1/threads/*", "/realtime",
    "/v1/realtime", "/realtime/*", "/v1/realtime/*", "/vector_stores", "/v1/vector_stores", "/vector_stores/*",
    "/v1/vector_stores/*", "/rerank", "/v1/rerank", "/v2/rerank", "/ocr", "/v1/ocr", "/search", "/v1/search",
    "/search/*", "/v1/search/*", "/videos", "/v1/videos", "/videos/*", "/v1/videos/*", "/containers",
    "/v1/containers", "/containers/*", "/v1/containers/*", "/rag/*", "/v1/rag/*", "/evals", "/v1/evals",
    "/v1/evals/*", "/queue/chat/completions", "/utils/token_counter", "/utils/transform_request", "/utils/route",
    "/cursor/*", "/feedback", "/v1/feedback",
];
const ANTHROPIC: &[&str] = &["/v1/messages", "/v1/messages/*", "/v1/skills", "/v1/skills/*"];
const GOOGLE: &[&str] = &["/v1beta/*", "/models/*", "/interactions", "/interactions/*"];
const OLLAMA: &[&str] = &["/api/*"];
#[rustfmt::skip]
const PASS_THROUGH: &[&str] = &[
    "/anthropic/*", "/gemini/*", "/cohere/*", "/mistral/*", "/vertex_ai/*", "/vertex-ai/*", "/bedrock/*", "/azure/*",
    "/azure_ai/*", "/openai_passthrough/*", "/openrouter/*", "/vllm/*", "/assemblyai/*", "/eu.assemblyai/*",
    "/langfuse/*", "/milvus/*", "/nvidia_nim/*", "/watsonx/*",
];
const MCP: &[&str] = &["/mcp", "/mcp/*", "/mcp-rest/*", "/v1/mcp/*", "/toolset/*"];
const AGENTS: &[&str] = &["/a2a/*", "/v1/a2a/*", "/v1/agents", "/v1/agents/*", "/agents", "/agents/*"];
#[rustfmt::skip]
const LLM: &[&str] = &[
    "openai_routes", "anthropic_routes", "google_routes", "ollama_routes", "mapped_pass_through_routes", "mcp_routes",
    "agent_routes",
];
#[rustfmt::skip]
const MANAGEMENT: &[&str] = &[
    "/key/*", "/v2/key/*", "/user/*", "/v2/user/*", "/team/*", "/v2/team/*", "/organization/*", "/v2/organization/*",
    "/project/*", "/customer/*", "/end_user/*", "/budget/*", "/tag/*", "/access_group/*", "/v1/access_group",
    "/v1/access_group/*", "/v1/unified_access_group", "/v1/unified_access_group/*", "/model/*", "/v1/model/*",
    "/v2/model/*", "/model_group/*", "/credentials", "/credentials/*", "/models", "/v1/models", "/models/*",
    "/v1/models/*", "/audit", "/audit/*", "/spend/*", "/global/*", "/provider/budgets", "/get/*", "/add/*",
    "/delete/*", "/update/*", "/config/*", "/fallback", "/fallback/*", "/invitation/*", "/jwt/*", "/management/*",
    "/drill", "/drill/*",
];
#[rustfmt::skip]
const INFO: &[&str] = &[
    "/key/info", "/v2/key/info", "/key/list", "/key/aliases", "/key/health", "/user/info", "/v2/user/info",
    "/user/available_roles", "/team/info", "/team/list", "/v2/team/list", "/team/available", "/team/permissions_list",
    "/organization/info", "/organization/list", "/model/info", "/v1/model/info", "/v2/model/info", "/model_group/info",
    "/models", "/v1/models", "/models/*", "/v1/models/*", "/health", "/health/*", "/router/experiments",
    "spend_tracking_routes",
];
#[rustfmt::skip]
const SPEND: &[&str] = &[
    "/spend/*", "/global/spend/*", "/global/activity", "/global/activity/*", "/user/daily/*", "/team/daily/*",
    "/tag/daily/*", "/organization/daily/*", "/customer/daily/*", "/end_user/daily/*",
];
#[rustfmt::skip]
const PUBLIC: &[&str] = &["/", "/api/version", "/health/liveliness", "/health/liveness", "/health/readiness"];

/// Groups may name groups, so deep.
const DEPTH: usize = 3;

/// Whether `allowed` lets `path` through; an empty list lets everything through.
pub fn allows<S: AsRef<str>>(allowed: &[S], path: &str) -> bool {
    allowed.is_empty() || allowed.iter().any(|entry| covers(entry.as_ref(), path))
}

/// Whether `entry` (a path, a pattern such as `/key/*` or `/team/{id}/callback`, or the name of a group) means `path`.
pub fn covers(entry: &str, path: &str) -> bool {
    let path = path.strip_suffix('/').filter(|path| !path.is_empty()).unwrap_or(path);
    named(entry, path, DEPTH)
}

fn named(entry: &str, path: &str, depth: usize) -> bool {
    match GROUPS.iter().find(|(name, _)| *name == entry) {
        Some((_, members)) if depth > 0 => members.iter().any(|member| named(member, path, depth - 1)),
        _ => fits(entry, path),
    }
}

/// Whether a path fits a pattern: `*` at the end stands for anything, a segment in braces for one segment.
fn fits(pattern: &str, path: &str) -> bool {
    if let Some(before) = pattern.strip_suffix('*') {
        return path.starts_with(before);
    }
    let (mut wanted, mut given) = (pattern.split('/'), path.split('/'));
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return true,
            (Some(wanted), Some(given)) if wanted == given || is_blank(wanted) && !given.is_empty() => {}
            _ => return false,
        }
    }
}

fn is_blank(segment: &str) -> bool {
    segment.starts_with('{') && segment.ends_with('}')
}

/// Whether everything that `entry` means is also meant by `allowed`: what somebody may pass on. A pattern is passed on
/// whole or not at all, unless a wider one is there.
pub fn includes<S: AsRef<str>>(allowed: &[S], entry: &str) -> bool {
    allowed.is_empty() || allowed.iter().any(|own| own.as_ref() == entry) || within(allowed, entry, DEPTH)
}

fn within<S: AsRef<str>>(allowed: &[S], entry: &str, depth: usize) -> bool {
    match GROUPS.iter().find(|(name, _)| *name == entry) {
        Some((_, members)) if depth > 0 => members.iter().all(|member| within(allowed, member, depth - 1)),
        Some(_) => false,
        None => match entry.strip_suffix('*') {
            // Only a pattern that begins earlier has everything that this one has.
            Some(before) => allowed.iter().any(|own| wider(own.as_ref(), before, DEPTH)),
            None => allowed.iter().any(|own| covers(own.as_ref(), entry)),
        },
    }
}

fn wider(own: &str, before: &str, depth: usize) -> bool {
    match GROUPS.iter().find(|(name, _)| *name == own) {
        Some((_, members)) if depth > 0 => members.iter().any(|member| wider(member, before, depth - 1)),
        _ => own.strip_suffix('*').is_some_and(|own| before.starts_with(own)),
    }
}

/// Beginnings that make no difference.
const VERSIONS: [&str; 5] = ["/openai/v1/", "/v1beta/", "/v1/", "/v2/", "/v3/"];
/// Beginnings behind which a model follows, and then the path.
const MODEL_PREFIXES: [&str; 2] = ["/engines/", "/openai/deployments/"];
/// Paths with a part of the request in them, and the same without it.
const WITH_BLANKS: [(&str, &str); 5] = [
    ("/key/{key}/regenerate", "/key/regenerate"),
    ("/model/{model_id}/update", "/model/update"),
    ("/organization/{organization_id}", "/organization/update"),
    ("/team/{team_id}", "/team/update"),
    ("/spend/logs/ui", "/spend/logs/v2"),
];
/// What may stand in the place of a blank and is a path of its own.
const WORDS: [&str; 20] = [
    "new",
    "update",
    "delete",
    "info",
    "list",
    "block",
    "unblock",
    "available",
    "permissions_list",
    "permissions_update",
    "permissions_bulk_update",
    "member_add",
    "member_update",
    "member_delete",
    "bulk_member_add",
    "logs",
    "regenerate",
    "callback",
    "metadata_schema",
    "bulk_update",
];

/// One name for all paths that do the same.
fn usual_name(path: &str) -> String {
    let path = path.strip_suffix('/').filter(|path| !path.is_empty()).unwrap_or(path);
    let rest = VERSIONS.iter().find_map(|version| path.strip_prefix(version));
    let mut usual = rest.map_or_else(|| path.to_owned(), |rest| format!("/{rest}"));
    if MODEL_PREFIXES.iter().any(|prefix| path.starts_with(prefix)) {
        // The longest known ending: `/completions` is also the end of `/chat/completions`.
        let ending = OPENAI.iter().filter(|known| !known.ends_with('*') && path.ends_with(*known));
        usual = ending.max_by_key(|known| known.len()).map_or(usual, |known| (*known).to_owned());
    }
    if let Some(rest) = usual.strip_prefix("/end_user/") {
        usual = format!("/customer/{rest}");
    }
    let last = usual.rsplit('/').next().unwrap_or_default();
    let blank =
        |(pattern, _): &&(&str, &str)| fits(pattern, &usual) && !(pattern.ends_with('}') && WORDS.contains(&last));
    WITH_BLANKS.iter().find(blank).map(|(_, without)| (*without).to_owned()).unwrap_or(usual)
}

/// What the operator says about paths.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RouteRules {
    /// Need no key (`public_routes`).
    pub public: Vec<String>,
    /// For administrators alone (`admin_only_routes`).
    pub admin_only: Vec<String>,
    /// For everybody who is no administrator (`allowed_routes`); all, if there are none.
    pub allowed: Vec<String>,
}

impl RouteRules {
    /// Whether nobody needs a key for `path`.
    pub fn is_public(&self, path: &str) -> bool {
        self.public.iter().any(|entry| covers(entry, path))
    }

    /// Whether a caller may use `path`; an administrator may use everything. Whoever keeps a path for administrators
    /// means what is done there, under whatever name.
    pub fn allow(&self, path: &str, is_admin: bool) -> bool {
        is_admin || allows(&self.allowed, path) && !self.is_kept(path)
    }

    fn is_kept(&self, path: &str) -> bool {
        if self.admin_only.is_empty() {
            return false;
        }
        let usual = usual_name(path);
        let kept = |entry: &String| covers(entry, path) || covers(entry, &usual) || covers(&usual_name(entry), &usual);
        self.admin_only.iter().any(kept)
    }
}

#[cfg(test)]
mod tests;
