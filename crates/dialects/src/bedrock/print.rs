//! Printing a request that has been decided on. Nothing can fail here, and the order of everything is fixed: prompt
//! caches compare bytes.

use bytes::BytesMut;
use types::{CacheMark, Role};

use super::family::Family;
use super::parts;
use crate::anthropic::write::media::Media;
use crate::anthropic::write::pieces::Piece;
use crate::anthropic::write::tools::{Choice, Item};
use crate::anthropic::write::turns::{Conversation, Turn};
use crate::anthropic::write::{sampling, thinking, tools};
use crate::fields::Fields;
use crate::json::Writer;

/// Most marks of what may be cached in one request.
const MAX_MARKS: usize = 4;

/// A request, decided.
pub(super) struct Body<'a> {
    pub(super) conversation: Conversation<'a>,
    pub(super) thinking: thinking::Plan<'a>,
    pub(super) tools: &'a tools::Plan<'a>,
    /// `None` if no answer is wanted, only a count.
    pub(super) sampling: Option<sampling::Plan<'a>>,
    pub(super) max_tokens: Option<u64>,
    /// Fields of Converse itself.
    pub(super) top: Fields,
    /// Fields of the model.
    pub(super) model: Fields,
    pub(super) family: Family,
}

/// What printing keeps count of.
struct Marks {
    /// Marks that are left out: the later ones cover the longer prefixes.
    surplus: usize,
    documents: usize,
}

impl Body<'_> {
    /// The body of a chat.
    pub(super) fn print(&self) -> BytesMut {
        Writer::document(|w| {
            self.talk(w);
            self.inference(w);
            self.output(w);
            self.of_model(w);
            self.top.write_into(w);
        })
    }

    /// The body of a count.
    pub(super) fn print_counted(&self) -> BytesMut {
        Writer::document(|w| {
            w.key("input").object(|w| {
                w.key("converse").object(|w| {
                    self.talk(w);
                    self.of_model(w);
                });
            });
        })
    }

    /// What is counted: tools, instructions, the conversation.
    fn talk(&self, w: &mut Writer) {
        let turns = self.conversation.turns.iter().map(|turn| count(&turn.pieces)).sum::<usize>();
        let all = self.tools.marks() + count(&self.conversation.system) + turns;
        let surplus = if self.family.caches() { all.saturating_sub(MAX_MARKS) } else { all };
        let mut marks = Marks { surplus, documents: 0 };
        self.offer(w, &mut marks);
        if !self.conversation.system.is_empty() {
            w.key("system").array(|w| {
                self.conversation.system.iter().for_each(|piece| block(piece, w, &mut marks));
            });
        }
        w.key("messages").array(|w| {
            self.conversation.turns.iter().for_each(|turn| message(turn, w, &mut marks));
        });
    }

    fn offer(&self, w: &mut Writer, marks: &mut Marks) {
        if self.tools.tools.is_empty() {
            return;
        }
        w.key("toolConfig").object(|w| {
            w.key("tools").array(|w| {
                for tool in &self.tools.tools {
                    let Item::Function { name, description, schema, strict, cache, .. } = tool else { continue };
                    w.object(|w| {
                        w.key("toolSpec").object(|w| {
                            w.str_field("name", name);
                            w.opt_str("description", *description);
                            w.key("inputSchema").object(|w| w.key("json").json(schema));
                            if *strict {
                                w.num_field("strict", true);
                            }
                        });
                    });
                    mark(*cache, w, marks);
                }
            });
            // Anthropic's own word for it says this, too.
            let choice = self.tools.choice.filter(|_| !self.model.has("tool_choice"));
            match choice {
                Some(Choice::Auto) => w.key("toolChoice").object(|w| w.key("auto").object(|_| {})),
                Some(Choice::Any) => w.key("toolChoice").object(|w| w.key("any").object(|_| {})),
                Some(Choice::Tool(name)) => w.key("toolChoice").object(|w| {
                    w.key("tool").object(|w| w.str_field("name", name));
                }),
                Some(Choice::None) | None => {}
            }
        });
    }

    fn inference(&self, w: &mut Writer) {
        let mut config = Fields::default();
        config.opt_num("maxTokens", self.max_tokens);
        if let Some(sampling) = &self.sampling {
            config.opt_num("temperature", sampling.temperature);
            config.opt_num("topP", sampling.top_p);
            if !sampling.stop.is_empty() {
                config.set("stopSequences", |w| w.array(|w| sampling.stop.iter().for_each(|stop| w.string(stop))));
            }
        }
        config.write_as("inferenceConfig", w);
    }

    fn output(&self, w: &mut Writer) {
        let (effort, schema) = (self.thinking.effort, &self.tools.schema);
        if self.top.has("outputConfig") || effort.is_none() && schema.is_none() {
            return;
        }
        w.key("outputConfig").object(|w| {
            if let Some(schema) = schema {
                w.key("textFormat").object(|w| {
                    w.str_field("type", "json_schema");
                    w.key("structure").object(|w| {
                        // It is a text here, unlike those of tools.
                        w.key("jsonSchema").object(|w| w.str_field("schema", schema.get()));
                    });
                });
            }
            w.opt_str("effort", effort.map(|effort| effort.as_str()));
        });
    }

    fn of_model(&self, w: &mut Writer) {
        if self.model.is_empty() && !self.thinking.says_something() {
            return;
        }
        w.key("additionalModelRequestFields").object(|w| {
            if !self.model.has("thinking") {
                self.thinking.write(w);
            }
            self.model.write_into(w);
        });
    }
}

fn count(pieces: &[Piece]) -> usize {
    pieces.iter().filter(|piece| cache(piece).is_some()).count()
}

/// The mark behind a piece: one within the result of a tool is one behind it.
fn cache(piece: &Piece) -> Option<CacheMark> {
    match piece {
        Piece::Text { cache, .. } | Piece::Image { cache, .. } | Piece::Document { cache, .. } => *cache,
        Piece::ToolResult { result, content, .. } => result.cache.or_else(|| content.iter().find_map(cache)),
        _ => None,
    }
}

fn mark(mark: Option<CacheMark>, w: &mut Writer, marks: &mut Marks) {
    let Some(mark) = mark else { return };
    if marks.surplus > 0 {
        marks.surplus -= 1;
        return;
    }
    w.object(|w| {
        w.key("cachePoint").object(|w| {
            w.str_field("type", "default");
            if mark == CacheMark::Long {
                w.str_field("ttl", "1h");
            }
        });
    });
}

fn message(turn: &Turn, w: &mut Writer, marks: &mut Marks) {
    let role = match turn.role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
    };
    let has = |kind: fn(&Piece) -> bool| turn.pieces.iter().any(kind);
    let bare =
        has(|piece| matches!(piece, Piece::Document { .. })) && !has(|piece| matches!(piece, Piece::Text { .. }));
    w.object(|w| {
        w.str_field("role", role);
        w.key("content").array(|w| {
            turn.pieces.iter().for_each(|piece| block(piece, w, marks));
            if bare {
                // No document is taken without a word beside it.
                w.object(|w| w.str_field("text", "(document)"));
            }
        });
    });
}

/// Writes a block, and the mark behind it.
fn block(piece: &Piece, w: &mut Writer, marks: &mut Marks) {
    w.object(|w| fields(piece, w, marks));
    mark(cache(piece), w, marks);
}

fn fields(piece: &Piece, w: &mut Writer, marks: &mut Marks) {
    match piece {
        Piece::Text { text, .. } => w.str_field("text", text),
        Piece::Image { source: Media::Base64 { media_type, data }, .. } => w.key("image").object(|w| {
            w.str_field("format", parts::image(media_type));
            w.key("source").object(|w| w.str_field("bytes", data));
        }),
        Piece::Document { source, title, .. } => {
            let Some((format, data)) = parts::document(source) else { return };
            marks.documents += 1;
            w.key("document").object(|w| {
                w.str_field("format", format);
                w.str_field("name", &parts::document_name(*title, marks.documents));
                w.key("source").object(|w| w.str_field("bytes", &data));
            });
        }
        Piece::ToolUse { call, id, input } => w.key("toolUse").object(|w| {
            w.str_field("toolUseId", id);
            w.str_field("name", &call.name);
            w.key("input").json(input);
        }),
        Piece::ToolResult { result, id, content } => w.key("toolResult").object(|w| {
            w.str_field("toolUseId", id);
            w.key("content").array(|w| {
                content.iter().for_each(|piece| w.object(|w| fields(piece, w, marks)));
            });
            if result.is_error {
                w.str_field("status", "error");
            }
        }),
        Piece::Thinking { text, signature } => w.key("reasoningContent").object(|w| {
            w.key("reasoningText").object(|w| {
                w.str_field("text", text);
                w.str_field("signature", signature);
            });
        }),
        Piece::RedactedThinking(data) => {
            w.key("reasoningContent").object(|w| w.str_field("redactedContent", data));
        }
        Piece::Image { .. } | Piece::Raw(_) => {}
    }
}
