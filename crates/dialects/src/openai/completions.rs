//! Legacy text completions. Their answers and chunks carry bare texts; everything else is as in chats.

use bytes::BytesMut;
use types::{Block, Choice, Completion, Fault, Finish, Response};

use super::request::{Newer, setting};
use super::wire::Head;
use super::write_request::{Sampling, Settings};
use super::{NAME, usage, words};
use crate::Fit;
use crate::json::{Doc, Json, Kind, Writer};
use crate::typed::{Place, Wrong, count, field, flag, text};

/// Reads a request. Its prompt is one text: several prompts, or token ids, are for OpenAI's own servers, whose
/// requests do not come this way.
pub(super) fn read_request(root: Json) -> Result<Completion, Wrong> {
    let newer = Newer::of(root);
    let mut completion = Completion {
        prompt: field(root, "prompt", prompt)?.unwrap_or_default(),
        suffix: field(root, "suffix", text)?,
        echo: field(root, "echo", flag)?.unwrap_or(false),
        settings: types::Chat {
            dialect: NAME,
            top_logprobs: field(root, "logprobs", count)?,
            top_k: field(root, "top_k", count)?,
            ..types::Chat::default()
        },
    };
    completion.settings.logprobs = completion.settings.top_logprobs.map(|_| true);
    const KNOWN: [&str; 5] = ["prompt", "suffix", "echo", "logprobs", "top_k"];
    for (key, value) in root.fields().filter(|(_, value)| !value.is_null()) {
        let key = key.as_str().unwrap_or_default();
        let known = KNOWN.contains(&&*key) || setting(&mut completion.settings, newer, &key, value).within(&key)?;
        if !known {
            completion.settings.extras.push((key.into_owned(), value.to_raw()));
        }
    }
    Ok(completion)
}

fn prompt(value: Json) -> Result<String, Wrong> {
    let mut items = value.one_or_many();
    match (items.next().map(|item| item.as_string()), items.next()) {
        (Some(Some(text)), None) => Ok(text),
        (None, _) => Err(Wrong::new("must not be empty")),
        (Some(None), _) if value.kind() == Kind::Array => {
            Err(Wrong::new("must be text: token ids mean nothing to other models"))
        }
        (Some(None), _) => Err(Wrong::new("must be a string")),
        (Some(Some(_)), Some(_)) => Err(Wrong::new("must be one text: send one request per prompt")),
    }
}

/// Encodes a request.
pub(super) fn write_request(completion: &Completion, fit: &mut Fit) -> Result<BytesMut, Fault> {
    let target = fit.target;
    let chat = &completion.settings;
    let settings = Settings::of(chat, fit)?;
    let mut sampling = Sampling::of(chat, None, fit)?;
    let logprobs = sampling.take_logprobs();
    Ok(Writer::document(|w| {
        w.str_field("model", target.model);
        w.str_field("prompt", &completion.prompt);
        w.opt_str("suffix", completion.suffix.as_deref());
        w.opt_num("echo", completion.echo.then_some(true));
        w.opt_num("logprobs", logprobs);
        sampling.write(w);
        settings.write(w, target, "max_tokens");
    }))
}

/// Encodes an answer.
pub(super) fn write_answer(answer: &Response, head: &Head) -> BytesMut {
    Writer::document(|w| {
        head.write(w, "text_completion");
        w.key("choices").array(|w| {
            for (index, choice) in answer.choices.iter().enumerate() {
                w.object(|w| write_choice(w, index, choice));
            }
        });
        usage::write(w, &answer.usage);
        w.opt_str("system_fingerprint", answer.fingerprint.as_deref());
    })
}

fn write_choice(w: &mut Writer, index: usize, choice: &Choice) {
    let texts = choice.blocks.iter().filter_map(|block| match block {
        Block::Text(text) => Some(text.text.as_str()),
        _ => None,
    });
    w.str_field("text", &texts.collect::<String>());
    w.num_field("index", index);
    w.key("logprobs");
    match &choice.logprobs {
        Some(raw) => write_logprobs(w, raw.get()),
        None => w.null(),
    }
    w.str_field("finish_reason", finish_word(choice.finish));
}

/// Completions know no tools.
pub(super) fn finish_word(finish: Finish) -> &'static str {
    match finish {
        Finish::ToolCalls => words::finish_word(Finish::Stop),
        other => words::finish_word(other),
    }
}

/// Writes log probabilities in the shape of completions: parallel lists. Chats have one list of objects.
pub(super) fn write_logprobs(w: &mut Writer, raw: &str) {
    let doc = match Doc::parse(raw.as_bytes()) {
        Ok(doc) if doc.root().get_some("content").is_some() => doc,
        _ => return w.json(raw),
    };
    let tokens: Vec<Json> = doc.root().get("content").into_iter().flat_map(|list| list.items()).collect();
    w.object(|w| {
        let mut list = |name: &str, field: &str| {
            w.key(name).array(|w| {
                for token in &tokens {
                    w.json(token.get(field).map_or("null", |value| value.raw()));
                }
            });
        };
        list("tokens", "token");
        list("token_logprobs", "logprob");
        w.key("top_logprobs").array(|w| tokens.iter().for_each(|token| alternatives(w, *token)));
        w.key("text_offset").array(|w| {
            let mut offset = 0;
            for token in &tokens {
                w.display(offset);
                offset += token.get("token").and_then(|token| token.as_str()).map_or(0, |text| text.chars().count());
            }
        });
    });
}

fn alternatives(w: &mut Writer, token: Json) {
    w.object(|w| {
        for other in token.get("top_logprobs").into_iter().flat_map(|list| list.items()) {
            if let (Some(name), Some(logprob)) =
                (other.get("token").and_then(|name| name.as_str()), other.get("logprob"))
            {
                w.key(&name).json(logprob.raw());
            }
        }
    });
}
