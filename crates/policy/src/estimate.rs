//! A safe guess of the tokens of a request, where nobody can count them exactly.

use types::{Block, Chat, Document, EmbeddingInput, Message, Request, Tool};

use crate::text_tokens as text;

/// Bytes of a body per token: common tokenizers reach about 4 on English prose, fewer on code and JSON.
const BYTES_PER_TOKEN: usize = 4;
/// What a message costs beside its text: role and separators.
const PER_MESSAGE: u64 = 4;
/// What a picture costs: the usual charge for one of about a megapixel.
const PER_IMAGE: u64 = 1_100;
/// What a document costs without knowing its pages.
const PER_DOCUMENT: u64 = 3_000;

/// Estimates the input tokens of `chat`.
pub fn estimate_tokens(chat: &Chat) -> u64 {
    let messages: u64 = chat.messages.iter().map(message).sum();
    let tools: u64 = chat.tools.iter().map(tool).sum();
    (messages + tools).max(1)
}

/// Estimates the input tokens of any request.
pub fn estimate_request_tokens(request: &Request) -> u64 {
    match request {
        Request::Chat(chat) | Request::CountTokens(chat) => estimate_tokens(chat),
        Request::Completion(completion) => text(&completion.prompt),
        Request::Image(picturing) => text(&picturing.prompt),
        Request::Speech(speaking) => text(&speaking.input) + speaking.instructions.as_deref().map_or(0, text),
        // What is heard is no text: whoever has the file knows better.
        Request::Transcription(listening) => listening.prompt.as_deref().map_or(0, text),
        Request::Rerank(rerank) => {
            let document = |document: &Document| match document {
                Document::Text(own) => text(own),
                Document::Other(raw) => text(raw.get()),
            };
            // The query is read with each document.
            let query = text(&rerank.query);
            rerank.documents.iter().map(|one| query + document(one)).sum()
        }
        Request::Embedding(embedding) => match &embedding.input {
            EmbeddingInput::Texts(texts) => texts.iter().map(|one| text(one)).sum(),
            EmbeddingInput::Tokens(ids) => ids.get().bytes().filter(|byte| *byte == b',').count() as u64 + 1,
        },
    }
}

/// Shortest run of base64 that is taken for a picture or a document rather than for text, bytes.
const SHORTEST_BLOB: usize = 1024;
/// Distance at which a body is looked at for such runs, bytes.
const STRIDE: usize = 256;

/// Estimates the input tokens of a request body without decoding it: by its length, except that what looks like a
/// picture or a document within it counts as one.
pub fn estimate_body_tokens(body: &[u8]) -> u64 {
    let (mut blobs, mut blob_bytes, mut at) = (0, 0, 0);
    while at < body.len() {
        let run = body[at..].iter().take_while(|byte| is_base64(**byte)).count();
        if run >= STRIDE {
            // The run may have begun before this stop.
            let before = body[..at].iter().rev().take(STRIDE).take_while(|byte| is_base64(**byte)).count();
            if before + run >= SHORTEST_BLOB {
                blobs += 1;
                blob_bytes += before + run;
            }
            at += run;
        }
        at += STRIDE;
    }
    let text = body.len().saturating_sub(blob_bytes).div_ceil(BYTES_PER_TOKEN) as u64;
    text + blobs * PER_IMAGE
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'-' | b'_')
}

fn message(message: &Message) -> u64 {
    PER_MESSAGE + message.blocks.iter().map(block).sum::<u64>()
}

fn block(block: &Block) -> u64 {
    match block {
        Block::Text(part) => text(&part.text),
        Block::Thinking { text: thinking, .. } => text(thinking),
        Block::Refusal(refusal) => text(refusal),
        Block::RedactedThinking { data } => text(data),
        Block::Image { .. } => PER_IMAGE,
        Block::Document { source: types::Source::PlainText(plain), .. } => text(plain),
        Block::Audio { .. } | Block::Document { .. } => PER_DOCUMENT,
        Block::ToolCall(call) => PER_MESSAGE + text(&call.name) + text(&call.arguments),
        Block::ToolResult(result) => PER_MESSAGE + result.blocks.iter().map(self::block).sum::<u64>(),
        Block::Opaque { raw, .. } => text(raw.get()),
    }
}

fn tool(tool: &Tool) -> u64 {
    match tool {
        Tool::Function(function) => {
            let schema = function.parameters.as_ref().map_or(0, |schema| text(schema.get()));
            PER_MESSAGE + text(&function.name) + text(function.description.as_deref().unwrap_or_default()) + schema
        }
        Tool::Opaque { raw, .. } => text(raw.get()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_estimated_by_its_length_and_a_picture_by_itself() {
        assert_eq!(estimate_body_tokens(b""), 0);
        assert_eq!(estimate_body_tokens(&[b'x'; 400].map(|_| b' ')), 100);
        let text = "Tell me what you see. ".repeat(100);
        let plain = estimate_body_tokens(text.as_bytes());
        for size in [2_000, 100_000, 1_000_000] {
            let with_picture = format!("{text}\"data:image/png;base64,{}\"{text}", "iVBORw0KGgo+/".repeat(size / 13));
            let estimate = estimate_body_tokens(with_picture.as_bytes());
            assert!(estimate.abs_diff(2 * plain + PER_IMAGE) < 80, "{size}: {estimate}");
        }
        let two = format!("{0} {0}", "A".repeat(5_000));
        assert!(estimate_body_tokens(two.as_bytes()).abs_diff(2 * PER_IMAGE) < 200);
    }
}
