//! Managing an Ollama (wire.md 5): `/api/ps`, `/api/show`, and chats without messages, which load and unload.

use bytes::Bytes;
use types::{Fault, Raw};

use super::Ollama;
use super::back::is_cloud;
use crate::json::{Json, Writer};
use crate::{Errand, LocalEngine, Running, upstream};

/// Ollama's cloud, which speaks the same dialect and loads nothing.
const CLOUD: &str = "ollama.com";

impl LocalEngine for Ollama {
    fn runs(&self, host: &str, model: &str) -> bool {
        let in_cloud = host.strip_suffix(CLOUD).is_some_and(|before| before.is_empty() || before.ends_with('.'));
        !in_cloud && !is_cloud(model)
    }

    /// A name without a tag means `:latest`; the last part of a path may have one.
    fn full_name(&self, model: &str) -> String {
        match model.rsplit('/').next().is_some_and(|name| name.contains(':')) {
            true => model.to_owned(),
            false => format!("{model}:latest"),
        }
    }

    fn running_path(&self) -> &'static str {
        "/api/ps"
    }

    fn read_running(&self, body: &[u8]) -> Result<Vec<Running>, Fault> {
        let doc = upstream::parse(body)?;
        let Some(models) = doc.root().get("models") else {
            return Err(upstream::malformed("the list of running models has no models"));
        };
        Ok(models.items().filter_map(|one| self.running(one)).collect())
    }

    fn load(&self, model: &str, num_ctx: u32, keep_alive: Option<&Raw>) -> Errand {
        errand("/api/chat", |w| {
            w.str_field("model", model);
            w.key("messages").array(|_| {});
            w.num_field("stream", false);
            if let Some(time) = keep_alive {
                w.key("keep_alive").json(time.get());
            }
            w.key("options").object(|w| w.num_field("num_ctx", num_ctx));
        })
    }

    fn unload(&self, model: &str) -> Errand {
        errand("/api/chat", |w| {
            w.str_field("model", model);
            w.key("messages").array(|_| {});
            w.num_field("stream", false);
            w.num_field("keep_alive", 0);
        })
    }

    fn describe(&self, model: &str) -> Errand {
        errand("/api/show", |w| w.str_field("model", model))
    }

    fn read_context(&self, body: &[u8]) -> Option<u32> {
        let doc = upstream::parse(body).ok()?;
        let facts = doc.root().get_some("model_info")?;
        let context = facts.fields().find(|(key, _)| {
            key.as_str().is_some_and(|name| name.rsplit('.').next() == Some("context_length") && name.contains('.'))
        })?;
        u32::try_from(context.1.as_u64()?).ok()
    }
}

impl Ollama {
    fn running(&self, one: Json) -> Option<Running> {
        let text = |name: &str| one.get_some(name).and_then(|value| value.as_string());
        let count = |name: &str| one.get_some(name).and_then(|value| value.as_u64());
        Some(Running {
            model: self.full_name(&text("model").or_else(|| text("name"))?),
            num_ctx: count("context_length").and_then(|count| u32::try_from(count).ok()).unwrap_or(0),
            vram_bytes: count("size_vram").unwrap_or(0),
            expires_at: text("expires_at").unwrap_or_default(),
        })
    }
}

fn errand(path: &'static str, write: impl FnOnce(&mut Writer)) -> Errand {
    Errand { path, body: Bytes::from(Writer::document(write)) }
}

#[cfg(test)]
mod tests;
