//! The provider table as a page of the documentation.

use std::fmt::Write;

use crate::{Auth, OTHERS, Provider, all};

const INTRO: &str = "\
# Providers

One row per provider: write `model: ID/MODEL` in a `model_list` entry. The key comes from `api_key` of the entry or from
the first variable that is set; another server is named with `api_base`. Any other OpenAI-compatible server is reached
with `openai_like/MODEL` and an `api_base`. This page is generated from the provider table.

";

const REST: &str = "
## Not served

What else LiteLLM knows under these names, and why it is not here:

| ID | Why |
|---|---|
";

/// The page `docs/providers.md`.
pub fn markdown() -> String {
    let mut page = INTRO.to_owned();
    page.push_str("| ID | Name | Base URL | Key | Dialect | Serves | Notes |\n");
    page.push_str("|---|---|---|---|---|---|---|\n");
    for provider in all() {
        push_row(&mut page, provider);
    }
    page.push_str(REST);
    for (id, why) in OTHERS {
        // Writing to a string cannot fail.
        let _ = writeln!(page, "| `{id}` | {why} |");
    }
    page
}

fn push_row(page: &mut String, provider: &Provider) {
    let base = provider.api_base.map(|base| format!("`{base}`")).unwrap_or_default();
    let serves: Vec<_> = provider.endpoints.names().collect();
    // Writing to a string cannot fail.
    let _ = writeln!(
        page,
        "| `{}` | {} | {base} | {} | {} | {} | {} |",
        provider.id,
        provider.display_name,
        key(provider),
        provider.dialect,
        serves.join(", "),
        notes(provider),
    );
}

fn key(provider: &Provider) -> String {
    if provider.auth == Auth::None {
        return "none".to_owned();
    }
    let mut names: Vec<_> = provider.key_env.iter().map(|name| format!("`{name}`")).collect();
    if provider.key_optional {
        names.push("optional".to_owned());
    }
    names.join(", ")
}

fn notes(provider: &Provider) -> String {
    let local = if provider.local { "your own server" } else { "" };
    let costs = if provider.states_costs { "says what calls cost" } else { "" };
    let parts: Vec<_> = [local, costs, provider.note].into_iter().filter(|part| !part.is_empty()).collect();
    parts.join("; ")
}

#[cfg(test)]
mod tests;
