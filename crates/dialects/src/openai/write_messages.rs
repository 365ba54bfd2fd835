//! Putting planned messages into bytes.

use std::borrow::Cow;

use types::CacheMark;

use super::line_parts::{FileRef, Part};
use super::lines::{Call, Line};
use crate::Quirks;
use crate::json::{Doc, Writer};

/// Writes the `messages` field.
pub(super) fn write(w: &mut Writer, lines: &[Line], quirks: &Quirks) {
    w.key("messages").array(|w| {
        for line in lines {
            w.object(|w| message(w, line, quirks));
        }
    });
}

fn message(w: &mut Writer, line: &Line, quirks: &Quirks) {
    w.str_field("role", line.role);
    w.opt_str("name", line.name);
    w.opt_str("tool_call_id", line.call_id.as_deref());
    content(w, line, quirks);
    w.opt_str("refusal", line.refusal.as_deref());
    let reasoning = if quirks.reasoning_field { "reasoning" } else { "reasoning_content" };
    w.opt_str(reasoning, line.reasoning.as_deref());
    for raw in &line.fields {
        splice_fields(w, raw.get());
    }
    for (name, value) in line.extras {
        w.key(name).raw(value);
    }
    if !line.calls.is_empty() {
        w.key("tool_calls").array(|w| line.calls.iter().for_each(|one| call(w, one)));
    }
}

/// Writes the fields of an object into the one that is being written.
pub(super) fn splice_fields(w: &mut Writer, object: &str) {
    let Ok(doc) = Doc::parse_head(object.as_bytes()) else {
        return;
    };
    for (name, value) in doc.root().fields() {
        w.key(&name.as_str().unwrap_or_default()).json(value.raw());
    }
}

/// Content is a string wherever one can say the same: many servers take lists only from users, if at all.
fn content(w: &mut Writer, line: &Line, quirks: &Quirks) {
    let may_be_null = line.parts.is_empty() && !quirks.string_content;
    if may_be_null && (!line.calls.is_empty() || line.refusal.is_some() || !line.fields.is_empty()) {
        w.key("content").null();
    } else if let Some(text) = flat(line, quirks) {
        w.str_field("content", &text);
    } else {
        w.key("content").array(|w| line.parts.iter().for_each(|one| part(w, one, quirks)));
    }
}

/// The content as one string, if it is text without markers (or must be a string).
fn flat<'l>(line: &'l Line, quirks: &Quirks) -> Option<Cow<'l, str>> {
    let (between, is_list_usual) = match line.role {
        "user" => ("\n", true),
        "assistant" => ("", false),
        "tool" => ("\n", false),
        _ => ("\n\n", false),
    };
    let keep_list = is_list_usual && line.parts.len() > 1;
    let mut texts = Vec::with_capacity(line.parts.len());
    for part in &line.parts {
        match part {
            Part::Text { text, cache } if quirks.string_content || (cache.is_none() && !keep_list) => {
                texts.push(text.as_ref());
            }
            _ => return None,
        }
    }
    Some(match texts.as_slice() {
        [one] => Cow::Borrowed(*one),
        many => Cow::Owned(many.join(between)),
    })
}

fn part(w: &mut Writer, part: &Part, quirks: &Quirks) {
    match part {
        Part::Text { text, cache } => w.object(|w| {
            w.str_field("type", "text");
            w.str_field("text", text);
            cache_mark(w, *cache, quirks);
        }),
        Part::Image { url, detail, cache } => w.object(|w| {
            w.str_field("type", "image_url");
            w.key("image_url").object(|w| {
                w.str_field("url", url);
                w.opt_str("detail", *detail);
            });
            cache_mark(w, *cache, quirks);
        }),
        Part::Audio { data, format } => w.object(|w| {
            w.str_field("type", "input_audio");
            w.key("input_audio").object(|w| {
                w.str_field("data", data);
                w.str_field("format", format);
            });
        }),
        Part::File { file, cache } => w.object(|w| {
            w.str_field("type", "file");
            w.key("file").object(|w| file_fields(w, file));
            cache_mark(w, *cache, quirks);
        }),
        Part::Raw(raw) => w.raw(raw),
    }
}

fn file_fields(w: &mut Writer, file: &FileRef) {
    match file {
        FileRef::Inline { name, data_url } => {
            w.str_field("filename", name);
            w.str_field("file_data", data_url);
        }
        FileRef::Stored(id) => w.str_field("file_id", id),
    }
}

/// Writes a cache marker in the form that the server knows.
pub(super) fn cache_mark(w: &mut Writer, cache: Option<CacheMark>, quirks: &Quirks) {
    let Some(cache) = cache else { return };
    let is_long = cache == CacheMark::Long;
    if quirks.cache_control {
        w.key("cache_control").object(|w| {
            w.str_field("type", "ephemeral");
            w.opt_str("ttl", is_long.then_some("1h"));
        });
    } else if quirks.cache_breakpoints {
        w.key("prompt_cache_breakpoint").object(|w| {
            w.str_field("mode", "explicit");
            w.str_field("ttl", if is_long { "12h" } else { "30m" });
        });
    }
}

fn call(w: &mut Writer, call: &Call) {
    match call {
        Call::Function { id, name, arguments } => w.object(|w| {
            w.str_field("id", id);
            w.str_field("type", "function");
            w.key("function").object(|w| {
                w.str_field("name", name);
                // No text at all is legal at OpenAI, but trips servers that parse what they get.
                w.str_field("arguments", if arguments.is_empty() { "{}" } else { arguments });
            });
        }),
        Call::Custom(raw) => w.raw(raw),
    }
}
