//! Writing requests: a chat in any other words becomes items, settings and tools of this API.

mod items;
mod settings;
mod tools;

use bytes::BytesMut;
use types::{Chat, Fault, Format};

use crate::json::Writer;
use crate::{Fit, Target};

/// Encodes a chat for the target of `fit`.
pub(super) fn write(chat: &Chat, fit: &mut Fit) -> Result<BytesMut, Fault> {
    let mut items = items::plan(chat, fit)?;
    if chat.format == Some(Format::Json) {
        items::mention_json(&mut items);
    }
    let tools = tools::Plan::of(chat, fit)?;
    let settings = settings::Settings::of(chat, fit)?;
    let target: &Target = fit.target;
    Ok(Writer::document(|w| {
        w.str_field("model", target.model);
        w.key("input").array(|w| items.iter().for_each(|item| item.write(w)));
        tools.write(w);
        settings.write(w);
    }))
}

#[cfg(test)]
mod tests;
