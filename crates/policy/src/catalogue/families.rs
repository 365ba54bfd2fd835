//! What a model can do, told from its name: for models the catalogue does not list, and for abilities its line
//! does not mention.
//!
//! Where a name is newer than these tables, the most careful reading wins: an ability that is used and missing
//! fails the call, one that is present and unused does not.

use types::{Abilities, Effort};

/// Abilities of `provider`'s `model` as far as the name tells them; call [`settle`] when nothing is to be added.
pub(super) fn abilities(provider: &str, model: &str) -> Abilities {
    let name = model.to_ascii_lowercase();
    if let Some((family, version)) = claude(&name) {
        return of_claude(family, version);
    }
    let base = name.rsplit('/').next().unwrap_or(&name);
    let base = base.strip_prefix("ft:").unwrap_or(base);
    let rules = if OPENAI_HOSTS.contains(&provider) { OPENAI } else { ANYWHERE };
    let matching = rules.iter().filter(|(prefix, _)| base.starts_with(prefix));
    let longest = matching.max_by_key(|(prefix, _)| prefix.len());
    longest.map_or_else(Abilities::default, |(_, abilities)| *abilities)
}

/// Draws the conclusions from abilities that are complete: without reasoning there is no way to ask for it, and a
/// model whose reasoning excludes sampling and cannot be switched off takes no sampling parameters at all.
pub(super) fn settle(abilities: &mut Abilities) {
    if !abilities.reasoning {
        abilities.adaptive_thinking = false;
        abilities.budget_thinking = false;
        abilities.thinking_always_on = false;
    } else if abilities.reasoning_excludes_sampling && !abilities.effort_none {
        abilities.sampling = false;
        abilities.thinking_always_on = true;
    }
}

/// Major and minor version of a Claude model.
type Version = (u8, u8);

/// The version of Claude models whose name has none that we know.
const NEWEST: Version = (u8::MAX, 0);

/// Families whose rules [`CLAUDE`] knows; any other is treated like the newest.
const CLAUDE_FAMILIES: [&str; 7] = ["", "instant", "haiku", "sonnet", "opus", "fable", "mythos"];

/// Family and version from any spelling: `claude-opus-4-7-20260416`, `us.anthropic.claude-3-7-sonnet-v1:0`,
/// `anthropic/claude-opus-4.7`, `claude-sonnet-5@default`.
fn claude(name: &str) -> Option<(&str, Version)> {
    let (_, rest) = name.split_once("claude-")?;
    let rest = rest.split(['@', ':', '/']).next().unwrap_or(rest);
    let words = || rest.split(['-', '.', '_']);
    let family = words().find(|word| word.len() > 1 && word.bytes().all(|byte| byte.is_ascii_lowercase()));
    let mut numbers = words()
        .map(|word| word.strip_prefix('v').filter(|_| family.is_none()).unwrap_or(word))
        .filter(|word| word.len() <= 2)
        .filter_map(|word| word.parse::<u8>().ok());
    let family = family.unwrap_or("");
    let version = match (numbers.next(), numbers.next()) {
        _ if !CLAUDE_FAMILIES.contains(&family) => NEWEST,
        (Some(major), minor) => (major, minor.unwrap_or(0)),
        (None, _) if family == "instant" => (1, 0),
        (None, _) => NEWEST,
    };
    Some((family, version))
}

fn of_claude(family: &str, version: Version) -> Abilities {
    let known = CLAUDE.iter().filter(|(of, from, _)| (of.is_empty() || *of == family) && *from <= version);
    let best = known.max_by_key(|(of, from, _)| (!of.is_empty(), *from));
    best.map_or(CLAUDE_NEWEST, |(_, _, abilities)| *abilities)
}

/// Family (empty: all without a row of their own), version from which on, abilities.
const CLAUDE: &[(&str, Version, Abilities)] = &[
    ("", (0, 0), CLAUDE_2),
    ("", (3, 7), CLAUDE_3_7),
    ("", (4, 5), CLAUDE_4_5),
    ("", (4, 6), CLAUDE_4_6),
    ("", (4, 7), CLAUDE_4_7),
    ("", (4, 8), CLAUDE_4_8),
    ("", (5, 5), CLAUDE_NEWEST),
    ("haiku", (5, 5), CLAUDE_4_8),
    ("fable", (0, 0), CLAUDE_ALWAYS_THINKING),
    ("fable", (5, 1), CLAUDE_NEWEST),
    ("mythos", (0, 0), CLAUDE_ALWAYS_THINKING),
    ("mythos", (5, 1), CLAUDE_NEWEST),
];

const CLAUDE_2: Abilities = Abilities { structured_output: false, ..PLAIN };
const CLAUDE_3_7: Abilities = Abilities { reasoning: true, budget_thinking: true, ..CLAUDE_2 };
const CLAUDE_4_5: Abilities = Abilities { structured_output: true, ..CLAUDE_3_7 };
const CLAUDE_4_6: Abilities =
    Abilities { adaptive_thinking: true, prefill: false, max_effort: Effort::Max, effort_minimal: false, ..CLAUDE_4_5 };
const CLAUDE_4_7: Abilities = Abilities { sampling: false, budget_thinking: false, effort_xhigh: true, ..CLAUDE_4_6 };
const CLAUDE_4_8: Abilities = Abilities { system_anywhere: true, ..CLAUDE_4_7 };
const CLAUDE_ALWAYS_THINKING: Abilities = Abilities { thinking_always_on: true, effort_none: false, ..CLAUDE_4_8 };
const CLAUDE_NEWEST: Abilities = Abilities { forced_tool: false, ..CLAUDE_ALWAYS_THINKING };

/// Providers at which a name like `gpt-5` means OpenAI's own model behind OpenAI's own checks. Resellers mostly
/// drop what a model does not take.
const OPENAI_HOSTS: [&str; 8] =
    ["aiohttp_openai", "azure", "azure_ai", "azure_text", "chatgpt", "github", "openai", "text-completion-openai"];

/// Beginnings of names at [`OPENAI_HOSTS`]; the longest one wins.
const OPENAI: &[(&str, Abilities)] = &[
    ("chat-latest", FIXED_REASONER),
    ("chatgpt-4o", NO_SCHEMA),
    ("codex", FIXED_REASONER),
    ("computer-use", FIXED_REASONER),
    ("daybreak", FIXED_REASONER),
    ("gpt-3.5", NO_SCHEMA),
    ("gpt-4", NO_SCHEMA),
    ("gpt-4.", PLAIN),
    ("gpt-4o", PLAIN),
    ("gpt-4o-2024-05-13", NO_SCHEMA),
    ("gpt-4o-audio", NO_SCHEMA),
    ("gpt-5", GPT_5),
    ("gpt-5-chat", PLAIN),
    ("gpt-5-codex", FIXED_REASONER),
    ("gpt-5-search", SEARCHER),
    ("gpt-5.", GPT_5_X),
    ("gpt-5.1", GPT_5_1),
    ("gpt-5.1-chat", FIXED_REASONER),
    ("gpt-5.1-codex", FIXED_REASONER),
    ("gpt-5.2", GPT_5_2),
    ("gpt-5.2-chat", FIXED_REASONER),
    ("gpt-5.2-codex", FIXED_REASONER),
    ("gpt-5.2-pro", GPT_5_PRO),
    ("gpt-5.3-chat", FIXED_REASONER),
    ("gpt-5.4", GPT_5_2),
    ("gpt-5.4-pro", GPT_5_PRO),
    ("gpt-5.5-pro", GPT_5_PRO),
    ("gpt-6", GPT_6),
    ("gpt-7", GPT_6),
    ("gpt-8", GPT_6),
    ("gpt-9", GPT_6),
    ("gpt-audio", NO_SCHEMA),
    ("gpt-daybreak", FIXED_REASONER),
    ("o1", FIXED_REASONER),
    ("o3", FIXED_REASONER),
    ("o4", FIXED_REASONER),
];

/// Beginnings of names at all other providers.
const ANYWHERE: &[(&str, Abilities)] =
    &[("gemini-2.5", THINKER), ("gemini-3", THINKER), ("gemini-4", THINKER), ("gemini-5", THINKER)];

/// What is assumed of a model that nobody knows: the same as `Abilities::default`, in a constant.
pub(super) const PLAIN: Abilities = Abilities {
    sampling: true,
    reasoning_excludes_sampling: false,
    reasoning: false,
    adaptive_thinking: false,
    budget_thinking: false,
    thinking_always_on: false,
    prefill: true,
    forced_tool: true,
    system_anywhere: false,
    structured_output: true,
    max_effort: Effort::High,
    effort_none: true,
    effort_minimal: true,
    effort_xhigh: false,
    default_effort: None,
};
const NO_SCHEMA: Abilities = Abilities { structured_output: false, ..PLAIN };
const SEARCHER: Abilities = Abilities { sampling: false, ..PLAIN };
const THINKER: Abilities = Abilities { reasoning: true, ..PLAIN };
/// Reasons always, with the efforts low, medium and high.
const FIXED_REASONER: Abilities = Abilities {
    reasoning: true,
    reasoning_excludes_sampling: true,
    effort_none: false,
    effort_minimal: false,
    ..PLAIN
};
const GPT_5: Abilities = Abilities { effort_minimal: true, ..FIXED_REASONER };
/// From 5.1 on `none` replaces `minimal`.
const GPT_5_1: Abilities = Abilities { effort_none: true, default_effort: Some(Effort::None), ..FIXED_REASONER };
const GPT_5_2: Abilities = Abilities { max_effort: Effort::XHigh, effort_xhigh: true, ..GPT_5_1 };
/// A minor version that declares no default: counts as reasoning unless told otherwise.
const GPT_5_X: Abilities = Abilities { default_effort: None, ..GPT_5_2 };
const GPT_5_PRO: Abilities = Abilities { effort_none: false, ..GPT_5_X };
const GPT_6: Abilities = Abilities { max_effort: Effort::Max, ..GPT_5_PRO };

#[cfg(test)]
mod tests;
