//! Encoding a request: everything is decided as for Anthropic, less what Converse or the model refuses; then it is
//! printed.

use bytes::Bytes;
use types::{Chat, Effort, Fault, Operation, Request};

use super::family::Family;
use super::print::Body;
use super::{embed, parts, pictures, rerank};
use crate::anthropic::words::JSON_TOOL;
use crate::anthropic::write::pieces::Piece;
use crate::anthropic::write::tools::Choice;
use crate::anthropic::write::{extras, sampling, thinking, tools, turns};
use crate::fields::Fields;
use crate::json::Doc;
use crate::names::{self, Rule};
use crate::turns::{completion_as_chat, is_hint};
use crate::{Fit, Outgoing, Quirks, Target, lacking};

/// Names of tools that Converse takes. The one that stands in for a schema is ours.
const TOOL_NAMES: Rule = Rule { most: 64, marks: "_-", letter_first: false, reserved: JSON_TOOL };

/// What a model is told that may call no tool, but must be shown those it has called.
const NO_CALLS: &str = "Do not call any tool from here on.";

/// Fields of Converse itself that callers may send.
const TOP: [&str; 7] = [
    "additionalModelResponseFieldPaths",
    "guardrailConfig",
    "performanceConfig",
    "promptVariables",
    "requestMetadata",
    "serviceTier",
    "outputConfig",
];
/// Fields that go on to the model as they are, where it is one of Anthropic's.
const OF_CLAUDE: [&str; 4] = ["anthropic_beta", "context_management", "mcp_servers", "speed"];

/// Encodes `request` for `target`.
pub(super) fn request(request: &Request, target: &Target) -> Result<Outgoing, Fault> {
    let family = Family::of(target.model);
    let facts = family.facts(target.model, target.facts);
    let quirks = Quirks { office_documents: true, ..*target.quirks };
    let target = Target { facts: &facts, quirks: &quirks, ..*target };
    let mut fit = Fit::new(&target);
    let request = names::fit(request, TOOL_NAMES, &mut fit.amends);
    let body = match &*request {
        Request::Chat(request) => chat(request, family, Operation::Chat, &mut fit)?,
        Request::CountTokens(request) => chat(request, family, Operation::CountTokens, &mut fit)?,
        Request::Completion(request) => {
            let request = completion_as_chat(request, &mut fit)?;
            chat(&request, family, Operation::Chat, &mut fit)?
        }
        Request::Embedding(request) => embed::write(request, &mut fit)?.freeze(),
        Request::Rerank(request) => rerank::write(request, &mut fit)?.freeze(),
        Request::Image(request) => pictures::write(request, &mut fit)?.freeze(),
        Request::Speech(_) | Request::Transcription(_) => return Err(lacking(request.operation())),
    };
    Ok(fit.outgoing(body))
}

fn chat(chat: &Chat, family: Family, operation: Operation, fit: &mut Fit) -> Result<Bytes, Fault> {
    let (mut top, mut model) = (Fields::default(), Fields::default());
    let asked = extras(chat, family, &mut top, &mut model, fit)?;
    let mut conversation = turns::arrange(chat, fit)?;
    for turn in &mut conversation.turns {
        if !family.is_claude() {
            // What others thought is nothing to them, and what they thought themselves they do not take back.
            turn.pieces.retain(|piece| !piece.is_thinking());
        }
        parts::check(&turn.pieces, fit)?;
    }
    conversation.turns.retain(|turn| !turn.pieces.is_empty());
    parts::check(&conversation.system, fit)?;
    let reasoning = if family.is_claude() { None } else { chat.reasoning.as_ref() };
    if let Some(reasoning) = reasoning {
        effort(family, reasoning.effort, &mut model, fit)?;
    }
    let own = Chat { reasoning: None, ..Chat::default() };
    let thoughtful = if family.is_claude() { chat } else { &own };
    let thinking = thinking::Plan::new(thoughtful, &asked, &conversation.turns, fit)?;
    let mut tools = tools::Plan::new(chat, &conversation.turns, thinking.is_active(), fit)?;
    parts::check_tools(&mut tools, fit)?;
    if let Some(instruction) = &tools.instruction {
        conversation.system.push(Piece::text(instruction.clone()));
    }
    let called = conversation.turns.iter().flat_map(|turn| &turn.pieces).any(parts::is_of_tool);
    if tools.choice == Some(Choice::None) {
        match called {
            // There is no word for it, and tools that were called must be shown.
            true => conversation.system.push(Piece::text(NO_CALLS)),
            false => tools.tools.clear(),
        }
    }
    one_at_a_time(&tools, family, &mut model, fit);
    let sampling = match operation {
        Operation::CountTokens => None,
        _ => Some(sampling::Plan::new(chat, thinking.is_active(), fit)?),
    };
    if let Some(top_k) = sampling.as_ref().and_then(|sampling| sampling.top_k) {
        match family {
            Family::Nova => model.set("inferenceConfig", |w| w.object(|w| w.num_field("topK", top_k))),
            _ => model.opt_num("top_k", Some(top_k)),
        }
    }
    let stops = sampling.as_ref().is_some_and(|sampling| !sampling.stop.is_empty());
    if family.is_claude() && stops {
        top.set("additionalModelResponseFieldPaths", |w| w.array(|w| w.string("/stop_sequence")));
    }
    tier(chat.service_tier.as_deref(), &mut top, fit);
    fit.hint("user", &chat.user.as_ref().filter(|_| operation == Operation::Chat));
    let max_tokens = (chat.max_tokens.is_some() || thinking.is_active()).then(|| match family.is_claude() {
        true => thinking.max_tokens,
        false => limited(chat.max_tokens.unwrap_or_default(), fit),
    });
    let body = Body { conversation, thinking, tools: &tools, sampling, max_tokens, top, model, family };
    Ok(match operation {
        Operation::CountTokens => body.print_counted().freeze(),
        _ => body.print().freeze(),
    })
}

/// A bound above what the model can write bounds nothing, but would be refused.
fn limited(asked: u64, fit: &Fit) -> u64 {
    fit.target.facts.max_output_tokens.map_or(asked, |most| asked.min(most))
}

/// Puts the caller's extra fields where they belong. What Anthropic's own words say of thinking is handed back.
fn extras<'a>(
    chat: &'a Chat,
    family: Family,
    top: &mut Fields,
    model: &mut Fields,
    fit: &mut Fit,
) -> Result<extras::Extras<'a>, Fault> {
    let mut asked = extras::Extras::default();
    for (name, raw) in &chat.extras {
        match name.as_str() {
            "thinking" if family.is_claude() => asked.thinking = Some(raw),
            "additionalModelRequestFields" => {
                let doc = Doc::parse(raw.get().as_bytes())?;
                model.merge(doc.root());
            }
            name if TOP.contains(&name) => top.raw(name, raw),
            name if OF_CLAUDE.contains(&name) && family.is_claude() => model.raw(name, raw),
            // The marks that it stands for are set block by block.
            "cache_control" => fit.hint(name, &Some(())),
            hint if is_hint(hint, raw) => fit.hint(hint, &Some(())),
            other => fit.worse_without(other)?,
        }
    }
    Ok(asked)
}

/// How much a model of another maker thinks, in its own words.
fn effort(family: Family, effort: Option<Effort>, model: &mut Fields, fit: &mut Fit) -> Result<(), Fault> {
    let word = match effort {
        None => return Ok(()),
        Some(Effort::None) if family != Family::GptOss => return Ok(()),
        Some(Effort::None | Effort::Minimal | Effort::Low) => "low",
        Some(Effort::Medium) => "medium",
        Some(Effort::High | Effort::XHigh | Effort::Max) => "high",
    };
    match family {
        Family::GptOss => model.str("reasoning_effort", word),
        Family::Nova if fit.target.abilities().reasoning => model.set("reasoningConfig", |w| {
            w.object(|w| {
                w.str_field("type", "enabled");
                w.str_field("maxReasoningEffort", word);
            });
        }),
        _ => fit.worse_without("reasoning_effort")?,
    }
    Ok(())
}

/// Converse has no word for it; Anthropic's models take their own.
fn one_at_a_time(tools: &tools::Plan, family: Family, model: &mut Fields, fit: &mut Fit) {
    if !tools.one_at_a_time || tools.tools.is_empty() || tools.choice == Some(Choice::None) {
        return;
    }
    if !family.is_claude() {
        return fit.amends.one_call(true);
    }
    model.set("tool_choice", |w| {
        w.object(|w| {
            let kind = match tools.choice {
                Some(Choice::Any) => "any",
                Some(Choice::Tool(_)) => "tool",
                _ => "auto",
            };
            w.str_field("type", kind);
            if let Some(Choice::Tool(name)) = tools.choice {
                w.str_field("name", name);
            }
            w.num_field("disable_parallel_tool_use", true);
        });
    });
}

/// OpenAI's words for tiers. `auto` is what Bedrock does anyway, and tiers it does not sell are only hints.
fn tier(tier: Option<&str>, top: &mut Fields, fit: &mut Fit) {
    match tier {
        None | Some("auto") => {}
        Some(tier @ ("default" | "flex" | "priority")) => {
            top.set("serviceTier", |w| w.object(|w| w.str_field("type", tier)));
        }
        Some(_) => fit.hint("service_tier", &tier),
    }
}
