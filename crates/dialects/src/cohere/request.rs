//! The body of `/v2/chat`.

use bytes::BytesMut;
use types::{Chat, Extras, Fault};

use super::messages;
use super::settings;
use super::tools::Tools;
use crate::fields::Fields;
use crate::json::Writer;
use crate::{Fit, turns};

/// Extras that are fields of a chat. What stands here in two dialects' words is set by the common word first.
const OWN: [&str; 8] =
    ["documents", "citation_options", "safety_mode", "strict_tools", "priority", "k", "p", "stop_sequences"];

/// Encodes a chat.
pub(super) fn chat(chat: &Chat, fit: &mut Fit) -> Result<BytesMut, Fault> {
    let messages = messages::arrange(&chat.messages, fit)?;
    let tools = Tools::of(chat, fit)?;
    let mut fields = settings::of(chat, !tools.is_empty(), fit)?;
    extras(&chat.extras, &mut fields, fit)?;
    tools.set_strict(&mut fields);
    Ok(Writer::document(|w| {
        w.str_field("model", fit.target.model);
        w.key("messages").array(|w| messages.iter().for_each(|message| message.write(w)));
        tools.write(w);
        w.num_field("stream", chat.stream);
        fields.write_into(w);
    }))
}

/// Puts the caller's extra fields where they belong.
fn extras(extras: &Extras, fields: &mut Fields, fit: &mut Fit) -> Result<(), Fault> {
    for (name, raw) in extras {
        match name.as_str() {
            own if OWN.contains(&own) => fields.raw(own, raw),
            hint if turns::is_hint(hint, raw) => fit.hint(hint, &Some(())),
            other => fit.worse_without(other)?,
        }
    }
    Ok(())
}
