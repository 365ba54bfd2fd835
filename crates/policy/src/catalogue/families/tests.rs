use types::{Abilities, Effort};

use super::*;

fn told(provider: &str, model: &str) -> Abilities {
    let mut found = abilities(provider, model);
    settle(&mut found);
    found
}

#[test]
fn plain_is_the_default() {
    assert_eq!(PLAIN, Abilities::default());
}

#[test]
fn every_spelling_of_a_claude_model_means_the_same() {
    let check = |spellings: &[&str], expected| {
        for model in spellings {
            assert_eq!(told("whoever", model), expected, "{model}");
        }
    };
    check(&["claude-2", "claude-2.1", "anthropic.claude-v2:1", "claude-instant-1.2", "claude-instant-v1"], CLAUDE_2);
    check(&["claude-3-opus-20240229", "claude-3.5-sonnet", "claude-3-5-sonnet-v2@20241022"], CLAUDE_2);
    check(&["claude-3-7-sonnet-latest", "claude-opus-4-20250514", "claude-4-sonnet", "claude-opus-4.1"], CLAUDE_3_7);
    check(&["claude-haiku-4-5", "us.anthropic.claude-sonnet-4-5-20250929-v1:0"], CLAUDE_4_5);
    check(&["anthropic/claude-opus-4.6", "vertex/claude-sonnet-4-6@default", "Claude-Opus-4-6"], CLAUDE_4_6);
    check(&["claude-opus-4-7-20260416", "databricks-claude-opus-4-7"], CLAUDE_4_7);
    check(
        &["claude-opus-4-8", "claude-sonnet-5", "claude-opus-5", "claude-haiku-5-5", "claude-opus-5@20260701"],
        CLAUDE_4_8,
    );
    check(&["claude-fable-5", "claude-mythos-5"], CLAUDE_ALWAYS_THINKING);
    check(&["claude-fable-5-1", "claude-opus-5.5", "claude-sonnet-5-5-20261101"], CLAUDE_NEWEST);
}

#[test]
fn a_claude_model_newer_than_the_table_is_treated_with_care() {
    for model in ["claude-opus-6", "claude-newfamily-5", "claude-latest", "claude-opus-41", "claude-mythos-preview"] {
        let abilities = told("anthropic", model);
        assert!(abilities.adaptive_thinking && abilities.thinking_always_on, "{model}");
        assert!(!abilities.sampling && !abilities.prefill && !abilities.forced_tool, "{model}");
    }
}

#[test]
fn reasoning_models_of_openai_take_sampling_only_while_they_do_not_reason() {
    let check = |model: &str, unasked: bool, at_none: bool, at_high: bool| {
        let abilities = told("openai", model);
        let takes = |effort| abilities.takes_sampling(effort);
        let found = (takes(None), takes(Some(Effort::None)), takes(Some(Effort::High)));
        assert_eq!(found, (unasked, at_none, at_high), "{model}");
    };
    for plain in ["gpt-4o", "gpt-4.1-mini", "gpt-3.5-turbo", "gpt-5-chat-latest", "ft:gpt-4o:org", "qwen3", "o"] {
        check(plain, true, true, true);
    }
    for always in ["o1", "o3-mini", "o4-mini", "gpt-5", "gpt-5-nano-2025-08-07", "gpt-5.4-pro", "gpt-6-astra", "gpt-7"]
    {
        check(always, false, false, false);
    }
    for off_by_default in ["gpt-5.1", "gpt-5.2-2025-12-11", "gpt-5.4-mini", "us/gpt-5.1"] {
        check(off_by_default, true, true, false);
    }
    for undeclared in ["gpt-5.5", "gpt-5.6-sol", "gpt-5.9"] {
        check(undeclared, false, true, false);
    }
}

#[test]
fn efforts_of_openai_models_follow_their_generation() {
    let check = |model: &str, none, minimal, max| {
        let abilities = told("azure", model);
        assert_eq!(
            (abilities.effort_none, abilities.effort_minimal, abilities.max_effort),
            (none, minimal, max),
            "{model}"
        );
        assert!(abilities.reasoning, "{model}");
    };
    check("o3", false, false, Effort::High);
    check("gpt-5-mini", false, true, Effort::High);
    check("gpt-5.1", true, false, Effort::High);
    check("gpt-5.2", true, false, Effort::XHigh);
    check("gpt-5.5-pro", false, false, Effort::XHigh);
    check("gpt-6-luna", false, false, Effort::Max);
}

#[test]
fn at_a_reseller_the_name_of_an_openai_model_proves_nothing() {
    assert_eq!(told("openrouter", "openai/gpt-5"), Abilities::default());
    assert_eq!(told("hosted_vllm", "o3"), Abilities::default());
    assert!(told("gemini", "gemini-3.9-flash").reasoning);
}

#[test]
fn nonsense_is_an_unknown_model() {
    for model in ["", "/", "claude", "ft:", "::", "🦀", "gpt"] {
        assert_eq!(told("openai", model), Abilities::default(), "{model}");
    }
    assert_eq!(told("x", "claude-"), CLAUDE_NEWEST);
    assert_eq!(told("x", "claude-🦀-999999999999"), CLAUDE_NEWEST);
}
