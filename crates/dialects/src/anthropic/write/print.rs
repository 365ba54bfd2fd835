//! Printing a request that has been decided on. Nothing can fail here. The order of the fields is fixed, and
//! that of the caller's own lists is kept: prompt caches compare bytes.

use bytes::BytesMut;
use types::{CacheMark, Role};

use super::extras::Extras;
use super::media::Media;
use super::pieces::Piece;
use super::turns::{Conversation, Turn};
use super::{sampling, thinking, tools};
use crate::anthropic::words;
use crate::json::Writer;

/// Most cache marks that Anthropic takes in one request.
const MAX_MARKS: usize = 4;

/// A request, decided.
pub(super) struct Body<'a> {
    pub(super) model: &'a str,
    /// What stands in the place of the model, if that is in the path.
    pub(super) version: Option<&'a str>,
    pub(super) conversation: Conversation<'a>,
    pub(super) extras: Extras<'a>,
    pub(super) thinking: thinking::Plan<'a>,
    pub(super) tools: &'a tools::Plan<'a>,
    /// `None` if no answer is wanted, only a count.
    pub(super) sampling: Option<sampling::Plan<'a>>,
}

impl Body<'_> {
    /// The JSON text.
    pub(super) fn print(&self) -> BytesMut {
        let mut marks = Marks { surplus: self.marks().saturating_sub(MAX_MARKS) };
        Writer::document(|w| {
            w.opt_str("anthropic_version", self.version);
            // Tokens are counted at one path for all models.
            if self.version.is_none() || self.sampling.is_none() {
                w.str_field("model", self.model);
            }
            if let Some(sampling) = &self.sampling {
                w.num_field("max_tokens", self.thinking.max_tokens);
                if let Some(user) = &self.extras.user {
                    w.key("metadata").object(|w| w.str_field("user_id", user));
                }
                sampling.write(w);
            }
            self.thinking.write(w);
            self.output_config(w);
            self.tools.write(w, |mark| marks.keep(mark));
            system(&self.conversation.system, w, &mut marks);
            w.key("messages").array(|w| {
                for turn in &self.conversation.turns {
                    message(turn, w, &mut marks);
                }
            });
            self.extras.write(w);
        })
    }

    fn marks(&self) -> usize {
        let turns = self.conversation.turns.iter().map(|turn| count_marks(&turn.pieces));
        self.tools.marks() + count_marks(&self.conversation.system) + turns.sum::<usize>()
    }

    fn output_config(&self, w: &mut Writer) {
        let (effort, schema) = (self.thinking.effort, &self.tools.schema);
        if effort.is_none() && schema.is_none() && self.extras.output_config.is_none() {
            return;
        }
        w.key("output_config").object(|w| {
            w.opt_str("effort", effort.map(|effort| effort.as_str()));
            if let Some(schema) = schema {
                w.key("format").object(|w| {
                    w.str_field("type", "json_schema");
                    w.key("schema").raw(schema);
                });
            }
            self.extras.write_output_config(w);
        });
    }
}

/// Leaves out the first marks if there are too many: the later ones cover the longer prefixes.
struct Marks {
    surplus: usize,
}

impl Marks {
    fn keep(&mut self, mark: Option<CacheMark>) -> Option<CacheMark> {
        if mark.is_some() && self.surplus > 0 {
            self.surplus -= 1;
            return None;
        }
        mark
    }
}

fn count_marks(pieces: &[Piece]) -> usize {
    let marks = |piece: &Piece| match piece {
        Piece::Text { cache, .. } | Piece::Image { cache, .. } | Piece::Document { cache, .. } => {
            usize::from(cache.is_some())
        }
        Piece::ToolResult { result, content, .. } => usize::from(result.cache.is_some()) + count_marks(content),
        _ => 0,
    };
    pieces.iter().map(marks).sum()
}

fn system(pieces: &[Piece], w: &mut Writer, marks: &mut Marks) {
    match pieces {
        [] => {}
        [Piece::Text { text, cache: None, .. }] => w.str_field("system", text),
        _ => w.key("system").array(|w| pieces.iter().for_each(|part| piece(part, w, marks))),
    }
}

fn message(turn: &Turn, w: &mut Writer, marks: &mut Marks) {
    let role = match turn.role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
    };
    w.object(|w| {
        w.str_field("role", role);
        content(&turn.pieces, w, marks);
    });
}

/// Writes `content`: as a string if a lone plain text, which is what most messages are.
fn content(pieces: &[Piece], w: &mut Writer, marks: &mut Marks) {
    match pieces {
        [Piece::Text { text, cache: None, citations: None }] => w.str_field("content", text),
        _ => w.key("content").array(|w| pieces.iter().for_each(|part| piece(part, w, marks))),
    }
}

fn piece(piece: &Piece, w: &mut Writer, marks: &mut Marks) {
    if let Piece::Raw(raw) = piece {
        return w.raw(raw);
    }
    w.object(|w| match piece {
        Piece::Text { text, cache, citations } => {
            w.str_field("type", "text");
            w.str_field("text", text);
            w.opt_raw("citations", *citations);
            words::write_cache(w, marks.keep(*cache));
        }
        Piece::Image { source, cache } => {
            w.str_field("type", "image");
            media(source, w);
            words::write_cache(w, marks.keep(*cache));
        }
        Piece::Document { source, title, cache } => {
            w.str_field("type", "document");
            media(source, w);
            w.opt_str("title", *title);
            words::write_cache(w, marks.keep(*cache));
        }
        Piece::ToolUse { call, id, input } => {
            w.str_field("type", "tool_use");
            w.str_field("id", id);
            w.str_field("name", &call.name);
            w.key("input").json(input);
        }
        Piece::ToolResult { result, id, content: inner } => {
            w.str_field("type", "tool_result");
            w.str_field("tool_use_id", id);
            if !inner.is_empty() {
                content(inner, w, marks);
            }
            if result.is_error {
                w.num_field("is_error", true);
            }
            words::write_cache(w, marks.keep(result.cache));
        }
        Piece::Thinking { text, signature } => {
            w.str_field("type", "thinking");
            w.str_field("thinking", text);
            w.str_field("signature", signature);
        }
        Piece::RedactedThinking(data) => {
            w.str_field("type", "redacted_thinking");
            w.str_field("data", data);
        }
        Piece::Raw(_) => {}
    });
}

fn media(source: &Media, w: &mut Writer) {
    w.key("source").object(|w| match source {
        Media::Base64 { data, .. } | Media::Office { data, .. } => {
            let media_type = match source {
                Media::Base64 { media_type, .. } => media_type,
                Media::Office { media_type, .. } => *media_type,
                _ => "",
            };
            w.str_field("type", "base64");
            w.str_field("media_type", media_type);
            w.str_field("data", data);
        }
        Media::Text(text) => {
            w.str_field("type", "text");
            w.str_field("media_type", "text/plain");
            w.str_field("data", text);
        }
        Media::Url(url) => {
            w.str_field("type", "url");
            w.str_field("url", url);
        }
        Media::File(id) => {
            w.str_field("type", "file");
            w.str_field("file_id", id);
        }
    });
}
