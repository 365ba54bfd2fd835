//! Writing whole chat answers as the official SDKs expect them (wire.md 2.3), with the extensions in which
//! clients look for reasoning, its proofs and pictures (wire.md 2.9).

use bytes::BytesMut;
use types::{Answer, Block, Choice, Operation, Raw, Response, Source};

use super::ids::CALL_IDS;
use super::wire::{Head, call_id};
use super::{NAME, completions, embeddings, lines, pictures, proofs, sound, usage, words, write_messages};
use crate::json::{Doc, Writer};
use crate::{Stamp, media};

/// Encodes an answer.
pub(super) fn write(operation: Operation, answer: &Answer, stamp: &Stamp) -> BytesMut {
    let head = |answer: &Response| Head::new(operation, stamp, &answer.id, answer.created, &answer.model);
    match answer {
        Answer::Chat(answer) if operation == Operation::Completion => completions::write_answer(answer, &head(answer)),
        Answer::Chat(answer) => chat(answer, &head(answer), stamp),
        Answer::Embedding(answer) => embeddings::write_answer(answer, stamp),
        Answer::Pictures(answer) => pictures::write_answer(answer, stamp),
        Answer::Sound(answer) => sound::write_speech(answer, stamp.form.as_deref()),
        Answer::Heard(answer) => sound::write_heard(operation, answer, stamp.form.as_deref()),
        // Rankings have a dialect of their own.
        Answer::Ranking(_) => Writer::document(|_| {}),
        Answer::TokenCount(tokens) => Writer::document(|w| {
            w.str_field("object", "response.input_tokens");
            w.num_field("input_tokens", tokens);
        }),
    }
}

fn chat(answer: &Response, head: &Head, stamp: &Stamp) -> BytesMut {
    Writer::document(|w| {
        head.write(w, "chat.completion");
        w.key("choices").array(|w| {
            for (index, one) in answer.choices.iter().enumerate() {
                w.object(|w| choice(w, index, one, stamp));
            }
        });
        usage::write(w, &answer.usage);
        usage::write_tier(w, &answer.usage);
        w.opt_str("system_fingerprint", answer.fingerprint.as_deref());
    })
}

fn choice(w: &mut Writer, index: usize, choice: &Choice, stamp: &Stamp) {
    let calls = calls(&choice.blocks);
    w.num_field("index", index);
    w.key("message").object(|w| message(w, index, &choice.blocks, &calls, stamp));
    w.key("logprobs");
    match &choice.logprobs {
        Some(raw) => w.raw(raw),
        None => w.null(),
    }
    let finish = words::with_calls(choice.finish, !calls.is_empty());
    w.str_field("finish_reason", words::finish_word(finish));
}

fn is_custom(raw: &Raw) -> bool {
    lines::kind_of(raw) == "custom"
}

fn calls(blocks: &[Block]) -> Vec<&Block> {
    let is_call = |block: &&Block| match block {
        Block::ToolCall(_) => true,
        Block::Opaque { dialect: NAME, raw } => is_custom(raw),
        _ => false,
    };
    blocks.iter().filter(is_call).collect()
}

fn message(w: &mut Writer, choice: usize, blocks: &[Block], calls: &[&Block], stamp: &Stamp) {
    w.str_field("role", "assistant");
    let refusal = joined(blocks, |block| match block {
        Block::Refusal(text) => Some(text),
        _ => None,
    });
    let content = joined(blocks, |block| match block {
        Block::Text(text) => Some(&text.text),
        _ => None,
    });
    match content {
        None if !calls.is_empty() || refusal.is_some() => w.key("content").null(),
        content => w.str_field("content", content.as_deref().unwrap_or_default()),
    }
    match refusal {
        Some(text) => w.str_field("refusal", &text),
        None => w.key("refusal").null(),
    }
    reasoning(w, blocks);
    annotations(w, blocks);
    picture_list(w, blocks);
    for block in blocks {
        if let Block::Audio { data, .. } = block {
            w.key("audio").object(|w| audio_fields(w, data, stamp));
        }
        if let Block::Opaque { dialect: NAME, raw } = block
            && lines::kind_of(raw).is_empty()
        {
            write_messages::splice_fields(w, raw.get());
        }
    }
    if !calls.is_empty() {
        w.key("tool_calls").array(|w| {
            for (index, block) in calls.iter().enumerate() {
                call(w, choice, index, block, stamp);
            }
        });
    }
}

/// The texts that `pick` finds, as one; `None` if there are none.
fn joined(blocks: &[Block], pick: impl Fn(&Block) -> Option<&String>) -> Option<String> {
    blocks.iter().filter_map(pick).fold(None, |all: Option<String>, text| {
        let mut all = all.unwrap_or_default();
        all.push_str(text);
        Some(all)
    })
}

fn reasoning(w: &mut Writer, blocks: &[Block]) {
    let text = joined(blocks, |block| match block {
        Block::Thinking { text, .. } => Some(text),
        _ => None,
    });
    w.opt_str("reasoning_content", text.as_deref().filter(|text| !text.is_empty()));
    let proven = |block: &&Block| match block {
        Block::Thinking { signature, .. } => signature.is_some(),
        block => matches!(block, Block::RedactedThinking { .. }),
    };
    if blocks.iter().any(|block| proven(&block)) {
        w.key("thinking_blocks").array(|w| blocks.iter().for_each(|block| thinking_block(w, block)));
    }
}

/// Writes one item of `thinking_blocks`, or nothing for other blocks.
pub(super) fn thinking_block(w: &mut Writer, block: &Block) {
    match block {
        Block::Thinking { text, signature } => w.object(|w| {
            w.str_field("type", "thinking");
            w.str_field("thinking", text);
            w.opt_str("signature", signature.as_deref().map(proofs::marked).as_deref());
        }),
        Block::RedactedThinking { data } => w.object(|w| {
            w.str_field("type", "redacted_thinking");
            w.str_field("data", &proofs::marked(data));
        }),
        _ => {}
    }
}

fn annotations(w: &mut Writer, blocks: &[Block]) {
    let citations = || {
        blocks.iter().filter_map(|block| match block {
            Block::Text(text) => text.citations.as_ref(),
            _ => None,
        })
    };
    if citations().next().is_some() {
        w.key("annotations").array(|w| citations().for_each(|raw| splice_items(w, raw)));
    }
}

/// Writes the items of a raw list (or the one value) into the list that is being written.
pub(super) fn splice_items(w: &mut Writer, raw: &Raw) {
    if let Ok(doc) = Doc::parse_head(raw.get().as_bytes()) {
        doc.root().one_or_many().for_each(|item| w.json(item.raw()));
    }
}

fn picture_list(w: &mut Writer, blocks: &[Block]) {
    let sources: Vec<&Source> = blocks.iter().filter_map(picture).collect();
    if !sources.is_empty() {
        w.key("images").array(|w| sources.iter().for_each(|source| image(w, source)));
    }
}

fn picture(block: &Block) -> Option<&Source> {
    match block {
        Block::Image { source, .. } => Some(source),
        _ => None,
    }
}

/// Writes one item of `images`.
pub(super) fn image(w: &mut Writer, source: &Source) {
    let url = match source {
        Source::Base64 { media_type, data } => media::data_url(media_type, data),
        Source::Url(url) | Source::File(url) | Source::PlainText(url) => url.clone(),
    };
    w.object(|w| {
        w.str_field("type", "image_url");
        w.key("image_url").object(|w| w.str_field("url", &url));
    });
}

/// Writes what OpenAI says of spoken answers; they cannot be referred to later, so they expire at once.
pub(super) fn audio_fields(w: &mut Writer, data: &str, stamp: &Stamp) {
    w.str_field("id", &format!("audio_{}", stamp.id));
    w.str_field("data", data);
    w.str_field("transcript", "");
    w.num_field("expires_at", stamp.created);
}

fn call(w: &mut Writer, choice: usize, index: usize, block: &Block, stamp: &Stamp) {
    match block {
        Block::ToolCall(call) => w.object(|w| {
            match call.id.as_str() {
                "" => w.str_field("id", &call_id(stamp, choice, index)),
                id => w.str_field("id", &CALL_IDS.fit(id)),
            }
            w.str_field("type", "function");
            w.key("function").object(|w| {
                w.str_field("name", &call.name);
                w.str_field("arguments", arguments(&call.arguments));
            });
            signature(w, call.signature.as_deref());
        }),
        Block::Opaque { raw, .. } => w.raw(raw),
        _ => {}
    }
}

/// Clients parse arguments, and expect an object: no text at all does not parse, and nothing is none.
fn arguments(text: &str) -> &str {
    if matches!(text, "" | "null") { "{}" } else { text }
}

/// Writes Gemini's signature where Google's clients look for it, and where LiteLLM's do.
pub(super) fn signature(w: &mut Writer, signature: Option<&str>) {
    let Some(signature) = signature.map(proofs::marked) else { return };
    w.key("extra_content").object(|w| {
        w.key("google").object(|w| w.str_field("thought_signature", &signature));
    });
    w.key("provider_specific_fields").object(|w| w.str_field("thought_signature", &signature));
}
