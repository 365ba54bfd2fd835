//! Talking to Gemini: the list of what the dialect can do, each in a file of its own.

mod answer;
mod config;
mod contents;
mod embed;
mod family;
mod fault;
mod finish;
mod glance;
mod grounding;
mod logprobs;
mod media;
mod part;
mod pictures;
mod request;
mod sound;
mod stream;
mod tools;
mod turn;
mod usage;

use types::{Answer, Fault, Operation, Request, Usage};

use super::{Gemini, NAME};
use crate::json::{Edit, Object};
use crate::turns::completion_as_chat;
use crate::{Back, Fit, Glance, Outgoing, Splice, StreamReader, Target, lacking, names, upstream};

impl Back for Gemini {
    fn name(&self) -> &'static str {
        NAME
    }

    fn listing(&self) -> &'static str {
        "/models"
    }

    fn path(&self, operation: Operation, model: &str, stream: bool) -> Option<String> {
        let method = match (operation, stream) {
            (Operation::Chat, false) => "generateContent",
            (Operation::Chat, true) => "streamGenerateContent?alt=sse",
            (Operation::Embedding, _) => "batchEmbedContents",
            (Operation::CountTokens, _) => "countTokens",
            (Operation::Image, _) if pictures::is_imagen(model) => "predict",
            (Operation::Image, _) => "generateContent",
            (Operation::ImageEdit, _) if !pictures::is_imagen(model) => "generateContent",
            (Operation::Transcription, true) => "streamGenerateContent?alt=sse",
            (Operation::Speech | Operation::Transcription | Operation::Translation, _) => "generateContent",
            _ => return None,
        };
        Some(format!("/models/{}:{method}", percent_encoded(family::bare_name(model))))
    }

    /// Its sound comes as base64.
    fn answers_bytes(&self, _: Operation) -> bool {
        false
    }

    /// Only chats pass: everything else names the model in its body. Calls may lack the signature that newer models want,
    /// if another provider made them.
    fn splice(&self, operation: Operation, body: &Object, _: &Target) -> Option<Splice> {
        let has = |name: &str| memchr::memmem::find(body.bytes(), name.as_bytes()).is_some();
        let passes = operation == Operation::Chat && !has("\"functionCall\"") && !has("\"function_call\"");
        passes.then(|| Splice { edits: vec![Edit::Remove("model".to_owned())], dropped: Vec::new() })
    }

    fn write_request(&self, request: &Request, target: &Target) -> Result<Outgoing, Fault> {
        let mut fit = Fit::new(target);
        let request = names::fit(request, tools::NAMES, &mut fit.amends);
        let body = match &*request {
            Request::Chat(chat) => request::chat(chat, &mut fit)?,
            Request::CountTokens(chat) => request::count(chat, &mut fit)?,
            Request::Embedding(embedding) => embed::write(embedding, &mut fit)?,
            Request::Completion(completion) => request::chat(&completion_as_chat(completion, &mut fit)?, &mut fit)?,
            Request::Image(picturing) => pictures::write(picturing, &mut fit)?,
            Request::Speech(speaking) => sound::write_speech(speaking, &mut fit)?,
            Request::Transcription(listening) => sound::write_recording(listening, &mut fit)?,
            Request::Rerank(_) => return Err(lacking(Operation::Rerank)),
        };
        Ok(fit.outgoing(body))
    }

    fn read_answer(&self, operation: Operation, body: &[u8]) -> Result<Answer, Fault> {
        let doc = upstream::parse(body)?;
        let root = fault::unwrapped(doc.root());
        if let Some(error) = root.get_some("error") {
            return Err(fault::in_band(error));
        }
        match operation {
            Operation::Chat | Operation::Completion => answer::read(root).map(|answer| Answer::Chat(Box::new(answer))),
            Operation::Embedding => embed::read(root).map(|answer| Answer::Embedding(Box::new(answer))),
            Operation::CountTokens => upstream::count(root.get("totalTokens"))
                .map(Answer::TokenCount)
                .ok_or_else(|| upstream::malformed("the provider's token count has no number")),
            Operation::Image | Operation::ImageEdit => {
                pictures::read(root).map(|answer| Answer::Pictures(Box::new(answer)))
            }
            Operation::Speech => sound::read_speech(root).map(|answer| Answer::Sound(Box::new(answer))),
            Operation::Transcription | Operation::Translation => {
                sound::read_words(root).map(|answer| Answer::Heard(Box::new(answer)))
            }
            other => Err(lacking(other)),
        }
    }

    fn glance_answer(&self, operation: Operation, body: &[u8]) -> Result<Usage, Fault> {
        glance::glance_answer(operation, body)
    }

    fn stream_reader(&self, _: Operation) -> Box<dyn StreamReader> {
        Box::new(stream::Reader::default())
    }

    fn read_fault(&self, status: u16, body: &[u8]) -> Fault {
        fault::read(status, body)
    }

    fn glance(&self, event: &[u8], known: &Usage) -> Glance {
        glance::glance(event, known)
    }
}

/// Everything but letters, digits and `-._~` as `%XX`: a model name must not reach into the rest of the path.
fn percent_encoded(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for byte in name.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(byte as char),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests;
