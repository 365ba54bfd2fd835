//! Under which keys of a price map a model may be found.

/// Providers under another name that has no lines of its own, and the name that has them.
const SAME_AS: [(&str, &str); 6] = [
    ("ai21_chat", "ai21"),
    ("aiohttp_openai", "openai"),
    ("azure_text", "azure"),
    ("cohere_chat", "cohere"),
    ("ollama_chat", "ollama"),
    ("text-completion-openai", "openai"),
];

/// Providers whose keys begin differently.
const PREFIXES: [(&str, &str); 1] = [("amazon_nova", "amazon-nova")];

/// What `find` says about `provider`'s `model`, as the provider spells it; `is_of` tells whose it is. Tried in this order:
///
/// 1. `provider/model`,
/// 2. `model` alone, if what is found is this provider's (OpenAI, Anthropic and a few others have bare keys),
/// 3. both without a leading `models/` (Gemini lists its models that way),
/// 4. both with the base of a fine-tune: `ft:BASE:ORG:NAME:ID` is listed as `ft:BASE`.
///
/// Nothing else is guessed; a date or region too much is another model, maybe with another price.
pub fn find<T>(
    provider: &str,
    model: &str,
    find: impl Fn(&str) -> Option<T>,
    is_of: impl Fn(&T, &str) -> bool,
) -> Option<T> {
    let provider = same_as(provider);
    let listed = model.strip_prefix("models/");
    let name = listed.unwrap_or(model);
    let tuned = name.match_indices(':').nth(1).map(|(at, _)| &name[..at]);
    let tuned = tuned.filter(|base| base.starts_with("ft:"));
    [Some(model), listed, tuned].into_iter().flatten().find_map(|model| {
        let key = format!("{}/{model}", prefix(provider));
        find(&key).or_else(|| find(model).filter(|found| is_of(found, provider)))
    })
}

/// The name under which a provider's lines are found.
pub fn same_as(provider: &str) -> &str {
    SAME_AS.iter().find(|(name, _)| *name == provider).map_or(provider, |(_, listed)| listed)
}

/// What a provider's keys begin with.
pub fn prefix(provider: &str) -> &str {
    PREFIXES.iter().find(|(name, _)| *name == provider).map_or(provider, |(_, prefix)| prefix)
}

/// Providers that a price map names by the family of their models, and how those names begin.
const FAMILIES: [(&str, &str); 3] =
    [("vertex_ai-", "vertex_ai"), ("fireworks_ai-", "fireworks_ai"), ("bedrock_converse", "bedrock")];

/// The provider that a price map means by `name`.
pub fn provider_of(name: &str) -> &str {
    let family = FAMILIES.iter().find(|(start, _)| name.starts_with(start));
    family.map_or_else(|| same_as(name), |(_, provider)| provider)
}
