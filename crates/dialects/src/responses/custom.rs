//! Custom tools, which take any text: chats (wire.md 2.4) and this API (wire.md 2.8) have both, in different words. What is
//! of them in a chat is unread there.

use types::{Block, Raw};

use crate::json::{Doc, Json, Writer};
use crate::openai;

/// The word for such a tool and its calls, in both.
pub(super) const CUSTOM: &str = "custom";

/// A call of a custom tool.
pub(super) struct Call {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) input: String,
}

/// The call that a block of a chat is, if it is one.
pub(super) fn call(block: &Block) -> Option<Call> {
    let Block::Opaque { dialect: openai::NAME, raw } = block else { return None };
    let doc = Doc::parse(raw.get().as_bytes()).ok()?;
    let root = doc.root();
    let custom = root.get_some(CUSTOM).filter(|_| root.get("type").is_some_and(|kind| kind.is(CUSTOM)))?;
    let text = |holder: Json, name: &str| holder.get_some(name).and_then(|value| value.as_string()).unwrap_or_default();
    Some(Call { id: text(root, "id"), name: text(custom, "name"), input: text(custom, "input") })
}

/// A call as a block of a chat.
pub(super) fn block(call: &Call) -> Block {
    let raw = Writer::document(|w| {
        w.str_field("id", &call.id);
        w.str_field("type", CUSTOM);
        w.key(CUSTOM).object(|w| {
            w.str_field("name", &call.name);
            w.str_field("input", &call.input);
        });
    });
    Block::Opaque { dialect: openai::NAME, raw: Raw::new(String::from_utf8_lossy(&raw)) }
}

/// The name of the tool that a chat defines with `raw`.
pub(super) fn name(raw: &Raw) -> Option<String> {
    let doc = Doc::parse(raw.get().as_bytes()).ok()?;
    doc.root().get_some(CUSTOM)?.get_some("name")?.as_string()
}

/// Writes the fields of the tool that a chat defines with `raw`: they are those of the tool itself here, and those of a
/// grammar are those of the format.
pub(super) fn write_tool(w: &mut Writer, raw: &Raw) {
    w.str_field("type", CUSTOM);
    let Ok(doc) = Doc::parse(raw.get().as_bytes()) else { return };
    let Some(tool) = doc.root().get_some(CUSTOM) else { return };
    for (key, value) in tool.fields() {
        let name = key.as_string().unwrap_or_default();
        let grammar = value.get_some("grammar").filter(|_| name == "format");
        match grammar {
            Some(grammar) => w.key(&name).object(|w| {
                w.str_field("type", "grammar");
                for (key, value) in grammar.fields().filter(|(key, _)| !key.is("type")) {
                    w.key(&key.as_string().unwrap_or_default()).json(value.raw());
                }
            }),
            None => w.key(&name).json(value.raw()),
        }
    }
}

#[cfg(test)]
mod tests;
