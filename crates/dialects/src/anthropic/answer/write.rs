//! Encoding a whole answer for a caller. Anthropic's format has room for one answer: the first.

use std::borrow::Cow;

use bytes::BytesMut;
use types::{Answer, Block, Fault, FaultKind, Finish, Response, Side, Source};

use crate::Stamp;
use crate::anthropic::{citations, faults, ids, usage, words};
use crate::json::Writer;
use crate::media;
use crate::turns::object_text;

/// Encodes an answer as a body.
pub(in crate::anthropic) fn write(answer: &Answer, stamp: &Stamp) -> BytesMut {
    match answer {
        Answer::Chat(response) => message(response, stamp),
        Answer::TokenCount(count) => Writer::document(|w| w.num_field("input_tokens", count)),
        // No request of this dialect leads here.
        _ => {
            let fault = Fault::new(FaultKind::Internal, Side::Gateway, "the Messages API has no such answers");
            faults::write(&fault, faults::status(&fault))
        }
    }
}

fn message(response: &Response, stamp: &Stamp) -> BytesMut {
    let choice = response.choices.first();
    let blocks = choice.map_or(&[][..], |choice| &choice.blocks);
    let stop_sequence = choice.and_then(|choice| choice.stop_sequence.as_deref());
    let has_calls = blocks.iter().any(|block| matches!(block, Block::ToolCall(_)));
    let finish = choice.map_or(Finish::Stop, |choice| choice.finish);
    Writer::document(|w| {
        head(&response.id, &response.model, stamp, w);
        w.key("content").array(|w| {
            for (index, block) in blocks.iter().enumerate().filter(|(_, block)| has_word(block)) {
                write_block(block, &made_id(stamp, index), w);
            }
        });
        w.str_field("stop_reason", words::stop_reason(finish, stop_sequence, has_calls));
        match stop_sequence {
            Some(sequence) => w.str_field("stop_sequence", sequence),
            None => w.key("stop_sequence").null(),
        }
        w.key("usage").object(|w| usage::write(w, &response.usage, stamp.input_estimate));
    })
}

/// The fields with which a message begins, whole or streamed.
pub(in crate::anthropic) fn head(id: &str, model: &str, stamp: &Stamp, w: &mut Writer) {
    match id.starts_with("msg_") {
        true => w.str_field("id", id),
        false => w.str_field("id", &format!("msg_{}", stamp.id)),
    }
    w.str_field("type", "message");
    w.str_field("role", "assistant");
    w.str_field("model", if model.is_empty() { &stamp.model } else { model });
}

/// An id for a call that came without one.
pub(in crate::anthropic) fn made_id(stamp: &Stamp, index: usize) -> String {
    format!("toolu_{}{index}", stamp.id)
}

/// Whether Anthropic's format has a word for the block. Empty texts are refused when they come back.
pub(in crate::anthropic) fn has_word(block: &Block) -> bool {
    match block {
        Block::Text(text) => !text.text.is_empty(),
        Block::Refusal(text) => !text.is_empty(),
        Block::Image { source, .. } => matches!(source, Source::Base64 { .. } | Source::Url(_)),
        Block::ToolCall(_) | Block::Thinking { .. } | Block::RedactedThinking { .. } => true,
        Block::Opaque { dialect, .. } => *dialect == words::DIALECT,
        Block::Audio { .. } | Block::Document { .. } | Block::ToolResult(_) => false,
    }
}

/// Writes a block that [`has_word`]; a call without an id gets `made_id`.
pub(in crate::anthropic) fn write_block(block: &Block, made_id: &str, w: &mut Writer) {
    if let Block::Opaque { raw, .. } = block {
        return w.raw(raw);
    }
    w.object(|w| match block {
        Block::Text(text) => {
            w.str_field("type", "text");
            w.str_field("text", &text.text);
            let citations = text.citations.as_ref().map(citations::from_annotations).unwrap_or_default();
            if !citations.is_empty() {
                w.key("citations").array(|w| citations.iter().for_each(|citation| w.json(citation)));
            }
        }
        Block::Refusal(text) => {
            w.str_field("type", "text");
            w.str_field("text", text);
        }
        Block::Image { source, .. } => {
            w.str_field("type", "text");
            w.str_field("text", &picture(source));
        }
        Block::Thinking { text, signature } => {
            w.str_field("type", "thinking");
            w.str_field("thinking", text);
            w.str_field("signature", signature.as_deref().unwrap_or_default());
        }
        Block::RedactedThinking { data } => {
            w.str_field("type", "redacted_thinking");
            w.str_field("data", data);
        }
        Block::ToolCall(call) => {
            let id = if call.id.is_empty() { made_id } else { &call.id };
            w.str_field("type", "tool_use");
            w.str_field("id", &ids::with_signature(&ids::CALL_IDS.fit(id), call.signature.as_deref()));
            w.str_field("name", &call.name);
            w.key("input").json(&input(&call.arguments));
        }
        Block::Audio { .. } | Block::Document { .. } | Block::ToolResult(_) | Block::Opaque { .. } => {}
    });
}

/// Models do not draw in Anthropic's format: a picture is shown the way Markdown shows it.
fn picture(source: &Source) -> String {
    match source {
        Source::Base64 { media_type, data } => format!("![image]({})", media::data_url(media_type, data)),
        Source::Url(url) => format!("![image]({url})"),
        Source::PlainText(_) | Source::File(_) => String::new(),
    }
}

/// The arguments as the object that Anthropic's callers expect. What is no object (a model may write anything,
/// and be cut off) is handed over as a string: the tool's own check will say what is wrong with it.
fn input(arguments: &str) -> Cow<'_, str> {
    object_text(arguments).unwrap_or_else(|| {
        let wrapped = Writer::document(|w| w.str_field("raw_arguments", arguments));
        Cow::Owned(String::from_utf8_lossy(&wrapped).into_owned())
    })
}
