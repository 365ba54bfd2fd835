//! What fields mean whose names do not say it. A name means the same wherever it stands.

/// What a field of this name means, if that has to be said.
pub fn about(name: &str) -> Option<&'static str> {
    ABOUT.iter().find(|(known, _)| *known == name).map(|(_, line)| *line)
}

/// Names and what they mean.
#[rustfmt::skip]
pub const ABOUT: &[(&str, &str)] = &[
    ("after", "Moment from which on calls are listed, as the page before said it"),
    ("aliases", "Names that stand for models, for this key alone"),
    ("all_keys_in_team", "All keys of the team instead of those in key_ids"),
    ("allowed_routes", "Paths that may be called; all if there are none"),
    ("api_base", "The address of the node"),
    ("auto_create_key", "Whether a key is made along with it"),
    ("auto_rotate", "Whether the key gets a new secret every rotation_interval"),
    ("budget_duration", "How long the budget lasts before it begins anew: 30s, 15m, 24h, 7d, 1w, 1mo"),
    ("budget_fallbacks", "Models that stand in for a model once its budget is spent"),
    ("budget_id", "A budget that others share; what is set beside it counts before it"),
    ("budget_limits", "Several budgets at a time, one for each length of time"),
    ("by", "What sums are made by"),
    ("channel", "Which of the channels of that kind, from 0 on"),
    ("completion_response", "An answer whose cost is calculated"),
    ("cursor", "Where to go on, as the page before said it"),
    ("duration", "How long it works: 24h, 30d; -1 for ever"),
    ("enforced_params", "Fields that each call must have"),
    ("exclude_team_ids", "Ids with commas between them"),
    ("expand", "What is shown with each row: user"),
    ("grace_period", "How long the former secret goes on working"),
    ("key", "The secret of a key, or its hash"),
    ("key_alias", "A name for people; no two keys have the same"),
    ("key_type", "What the key may call"),
    ("max_budget", "Dollars that may be spent in each budget_duration"),
    ("max_parallel_requests", "Calls at a time"),
    ("metadata", "Whatever one wants to keep with it"),
    ("model_max_budget", "Budgets for single models"),
    ("model_rpm_limit", "Requests per minute for single models"),
    ("model_tpm_limit", "Tokens per minute for single models"),
    ("models", "Models that may be called; all if there are none"),
    ("organization_ids", "Ids; in a query with commas between them"),
    ("page", "Which page, from 1 on"),
    ("page_size", "Rows on a page"),
    ("percent", "The share of the key's calls that takes part"),
    ("reset_to", "Dollars that it counts as having spent from now on"),
    ("rpm_limit", "Requests per minute"),
    ("session_id", "What the caller named a conversation"),
    ("size", "Rows on a page"),
    ("soft_budget", "Dollars after which somebody is told, while calls go on"),
    ("spend", "Dollars that it counts as having spent"),
    ("status_filter", "success or failure; healthy or unhealthy"),
    ("tpd_limit", "Tokens per day"),
    ("tpm_limit", "Tokens per minute"),
    ("user_role", "What the user may do in the gateway as a whole"),
];
