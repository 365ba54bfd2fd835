//! The built-in model `mock/demo`, and the canned answers of `mock_response`: answered here, in OpenAI's dialect,
//! without any network. With nothing configured at all, the first `curl` gets an answer all the same.

use std::future::Future;
use std::pin::Pin;

use bytes::BytesMut;
use dialects::json::{Doc, Json, Writer};
use engine::{Deployment, Wire};
use http::HeaderMap;
use providers::http::{Body, Call, Reply, Upload};
use types::Fault;

/// Provider whose models are answered here.
const BUILT_IN: &str = "mock";
/// Words per chunk of a streamed answer.
const PIECE: usize = 3;
/// Length of the built-in embedding vectors.
const DIMENSIONS: usize = 8;

/// A wire that answers for the built-in model and hands everything else on.
pub struct Demo<W>(W);

impl<W: Wire> Demo<W> {
    /// Answers in front of `wire`.
    pub fn around(wire: W) -> Self {
        Demo(wire)
    }
}

impl<W: Wire> Wire for Demo<W> {
    fn call<'a>(
        &'a self,
        deployment: &'a Deployment,
        call: Call<'a>,
    ) -> Pin<Box<dyn Future<Output = Result<Reply, Fault>> + 'a>> {
        if deployment.canned.is_none() && deployment.provider != BUILT_IN {
            return self.0.call(deployment, call);
        }
        let body = call.body.concat();
        let (status, text) = match Doc::parse(&body) {
            Ok(doc) => answer(deployment.canned.as_deref(), call.path, doc.root()),
            Err(_) => refusal(400, "invalid_request_error", "the request is not JSON"),
        };
        let reply = Reply { status, headers: HeaderMap::new(), body: Body::whole(text.freeze()) };
        Box::pin(std::future::ready(Ok(reply)))
    }

    fn upload<'a>(
        &'a self,
        deployment: &'a Deployment,
        call: Call<'a>,
        upload: &'a mut dyn Upload,
    ) -> Pin<Box<dyn Future<Output = Result<Reply, Fault>> + 'a>> {
        self.0.upload(deployment, call, upload)
    }

    fn other<'a>(&'a self, call: Call<'a>) -> Pin<Box<dyn Future<Output = Result<Reply, Fault>> + 'a>> {
        self.0.other(call)
    }
}

fn answer(canned: Option<&str>, path: &str, request: Json) -> (u16, BytesMut) {
    if let Some(refused) = canned.and_then(canned_fault) {
        return refused;
    }
    if path.ends_with("/embeddings") {
        return (200, embeddings(request));
    }
    let chat = path.ends_with("/chat/completions");
    let text = match canned {
        Some(canned) => canned.to_owned(),
        None => {
            let said = last_text(request).unwrap_or_default();
            format!("Hello from Lockgate's built-in demo model. You said: {said}")
        }
    };
    let streamed = request.get_some("stream").and_then(|stream| stream.as_bool()).unwrap_or(false);
    let turn =
        Turn { chat, model: request.get_some("model").and_then(|model| model.as_string()).unwrap_or_default(), text };
    (200, if streamed { turn.stream() } else { turn.whole() })
}

/// The incumbent's special answers that stand for faults.
fn canned_fault(canned: &str) -> Option<(u16, BytesMut)> {
    let (status, code, message) = match canned {
        "litellm.RateLimitError" => (429, "rate_limit_exceeded", "this is a mock rate limit error"),
        "litellm.InternalServerError" => (500, "server_error", "this is a mock internal server error"),
        "litellm.ContextWindowExceededError" => {
            (400, "context_length_exceeded", "this model's maximum context length is exceeded (mock)")
        }
        "litellm.ContentPolicyViolationError" => (400, "content_filter", "the content policy is violated (mock)"),
        _ => return None,
    };
    Some(refusal(status, code, message))
}

fn refusal(status: u16, code: &str, message: &str) -> (u16, BytesMut) {
    let body = Writer::document(|w| {
        w.key("error").object(|w| {
            w.str_field("message", message);
            w.str_field("code", code);
        });
    });
    (status, body)
}

/// The newest thing the user said, or the prompt of a completion.
fn last_text(request: Json) -> Option<String> {
    if let Some(prompt) = request.get_some("prompt") {
        return prompt.one_or_many().next()?.as_string();
    }
    let content = request
        .get_some("messages")?
        .items()
        .filter(|message| message.get("role").is_some_and(|role| role.is("user")))
        .last()?;
    let content = content.get_some("content")?;
    let parts: Vec<String> = content
        .one_or_many()
        .filter_map(|part| part.as_string().or_else(|| part.get_some("text")?.as_string()))
        .collect();
    Some(parts.join("\n"))
}

/// One answer of the built-in model.
struct Turn {
    chat: bool,
    model: String,
    text: String,
}

impl Turn {
    fn object(&self, w: &mut Writer, chunk: bool) {
        w.str_field("id", if self.chat { "chatcmpl-demo" } else { "cmpl-demo" });
        let object = match (self.chat, chunk) {
            (true, true) => "chat.completion.chunk",
            (true, false) => "chat.completion",
            (false, _) => "text_completion",
        };
        w.str_field("object", object);
        w.num_field("created", 0);
        w.str_field("model", &self.model);
    }

    fn usage(&self, w: &mut Writer) {
        let words = self.text.split_whitespace().count();
        w.key("usage").object(|w| {
            w.num_field("prompt_tokens", words);
            w.num_field("completion_tokens", words);
            w.num_field("total_tokens", 2 * words);
        });
    }

    fn whole(&self) -> BytesMut {
        Writer::document(|w| {
            self.object(w, false);
            w.key("choices").array(|w| {
                w.object(|w| {
                    w.num_field("index", 0);
                    if self.chat {
                        w.key("message").object(|w| {
                            w.str_field("role", "assistant");
                            w.str_field("content", &self.text);
                        });
                    } else {
                        w.str_field("text", &self.text);
                    }
                    w.str_field("finish_reason", "stop");
                });
            });
            self.usage(w);
        })
    }

    fn stream(&self) -> BytesMut {
        let mut out = BytesMut::new();
        let words: Vec<&str> = self.text.split_inclusive(' ').collect();
        for (index, piece) in words.chunks(PIECE).enumerate() {
            self.chunk(&mut out, index == 0, Some(&piece.concat()));
        }
        self.chunk(&mut out, false, None);
        let usage = Writer::document(|w| {
            self.object(w, true);
            w.key("choices").array(|_| {});
            self.usage(w);
        });
        event(&mut out, &usage);
        event(&mut out, b"[DONE]");
        out
    }

    /// A piece of text, or the end.
    fn chunk(&self, out: &mut BytesMut, first: bool, text: Option<&str>) {
        let chunk = Writer::document(|w| {
            self.object(w, true);
            w.key("choices").array(|w| {
                w.object(|w| {
                    w.num_field("index", 0);
                    match self.chat {
                        true => w.key("delta").object(|w| {
                            if first {
                                w.str_field("role", "assistant");
                            }
                            w.opt_str("content", text);
                        }),
                        false => w.str_field("text", text.unwrap_or_default()),
                    }
                    match text {
                        Some(_) => w.key("finish_reason").null(),
                        None => w.str_field("finish_reason", "stop"),
                    }
                });
            });
        });
        event(out, &chunk);
    }
}

fn event(out: &mut BytesMut, data: &[u8]) {
    out.extend_from_slice(b"data: ");
    out.extend_from_slice(data);
    out.extend_from_slice(b"\n\n");
}

/// Vectors that differ between texts and are the same for the same text.
fn embeddings(request: Json) -> BytesMut {
    let inputs: Vec<String> = request
        .get_some("input")
        .map_or(Vec::new(), |input| input.one_or_many().map(|one| one.raw().to_owned()).collect());
    Writer::document(|w| {
        w.str_field("object", "list");
        w.str_field("model", BUILT_IN);
        w.key("data").array(|w| {
            for (index, input) in inputs.iter().enumerate() {
                w.object(|w| {
                    w.str_field("object", "embedding");
                    w.num_field("index", index);
                    w.key("embedding").array(|w| vector(input).iter().for_each(|number| w.display(number)));
                });
            }
        });
        let words = inputs.iter().map(|input| input.split_whitespace().count()).sum::<usize>();
        w.key("usage").object(|w| {
            w.num_field("prompt_tokens", words);
            w.num_field("total_tokens", words);
        });
    })
}

fn vector(text: &str) -> [f32; DIMENSIONS] {
    let mut dice = engine::Dice::new(text.bytes().fold(0, |hash: u64, byte| hash.wrapping_mul(31) ^ u64::from(byte)));
    let numbers = [0; DIMENSIONS].map(|_: i32| dice.unit() as f32 - 0.5);
    let length = numbers.iter().map(|number| number * number).sum::<f32>().sqrt().max(f32::EPSILON);
    numbers.map(|number| number / length)
}
