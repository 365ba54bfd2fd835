//! OpenAI's old completions: a prompt in, text out, streamed or not.

use super::fields::{decimal, integer, known_fields, missing, switch, wrong_type};
use super::reply::{finish, usage, without_usage};
use super::request::{sampling, stops, stream_usage};
use crate::dialect::frame::{Frame, Kind};
use crate::dialect::{CREATED, Failure, Incoming, Writer, field, logprobs};
use crate::problem::Problem;
use crate::script::{Ask, Shape, Step, Turn, words};
use serde_json::{Map, Value, json};

const FIELDS: &[&str] = &[
    "model",
    "prompt",
    "suffix",
    "max_tokens",
    "temperature",
    "top_p",
    "n",
    "best_of",
    "logprobs",
    "echo",
    "stop",
    "presence_penalty",
    "frequency_penalty",
    "logit_bias",
    "seed",
    "stream",
    "stream_options",
    "user",
];

pub(super) fn read(incoming: &Incoming<'_>) -> Result<Ask, Problem> {
    let body = incoming.body;
    known_fields(body, FIELDS, incoming)?;
    sampling(body, incoming)?;
    decimal(body, "best_of", 1.0, 20.0)?;
    let prompt = prompt(field(body, "prompt").ok_or_else(|| missing("prompt"))?)?;
    let stream = switch(body, "stream")?.unwrap_or(false);
    Ok(Ask {
        model: incoming.model.to_owned(),
        stream,
        words: words(&prompt),
        echo: switch(body, "echo")?.unwrap_or(false).then(|| prompt.clone()),
        last_user: prompt,
        max_tokens: integer(body, "max_tokens", 0, i64::MAX)?.map(|most| most as u64),
        stops: stops(body)?,
        n: integer(body, "n", 1, 128)?.unwrap_or(1) as usize,
        logprobs: integer(body, "logprobs", 0, 5)?.map(|top| top as usize),
        stream_usage: stream_usage(body, stream, incoming)?,
        shape: Shape::Text,
        ..Ask::default()
    })
}

/// A prompt may be a text, several, a list of token ids, or several of those; ids read as their numbers.
fn prompt(prompt: &Value) -> Result<String, Problem> {
    match prompt {
        Value::String(text) => Ok(text.clone()),
        Value::Number(id) if id.is_u64() => Ok(id.to_string()),
        Value::Array(list) if !list.is_empty() => {
            Ok(list.iter().map(self::prompt).collect::<Result<Vec<_>, _>>()?.join(" "))
        }
        other => Err(wrong_type("prompt", "a string or an array of strings or tokens", other)),
    }
}

pub(super) fn whole(turn: &Turn) -> Value {
    let choice = |(index, reply): (usize, &crate::script::Reply)| {
        let pieces: Vec<&str> = turn.answer.cut.pieces(&reply.text).take(logprobs::MOST).collect();
        choice(turn, index, &reply.text, &pieces, 0, json!(finish(turn, reply)))
    };
    let choices: Vec<Value> = turn.answer.replies.iter().enumerate().map(choice).collect();
    let mut body = frame(turn, choices);
    body["usage"] = usage(turn, &turn.answer.usage);
    without_usage(turn, &mut body);
    body
}

fn frame(turn: &Turn, choices: Vec<Value>) -> Value {
    json!({
        "id": format!("cmpl-drill{:08}", turn.seq),
        "object": "text_completion",
        "created": CREATED,
        "model": turn.ask.model,
        "choices": choices,
    })
}

fn choice(turn: &Turn, index: usize, text: &str, pieces: &[&str], offset: usize, finish: Value) -> Value {
    let logprobs = turn.ask.logprobs.map_or(Value::Null, |top| probabilities(pieces, top, offset));
    json!({ "text": text, "index": index, "logprobs": logprobs, "finish_reason": finish })
}

fn probabilities(pieces: &[&str], top: usize, offset: usize) -> Value {
    let alternatives = |piece: &&str| -> Map<String, Value> {
        logprobs::candidates(piece, top).map(|(token, logprob)| (token, json!(logprob))).collect()
    };
    let offsets = pieces.iter().scan(offset, |at, piece| Some(std::mem::replace(at, *at + piece.len())));
    json!({
        "tokens": pieces,
        "token_logprobs": vec![logprobs::CHOSEN; pieces.len()],
        "top_logprobs": pieces.iter().map(alternatives).collect::<Vec<_>>(),
        "text_offset": offsets.collect::<Vec<_>>(),
    })
}

/// Writes an old completion as chunks.
pub(super) struct TextStream<'a> {
    turn: &'a Turn,
    frame: Frame,
    /// Bytes of each reply sent so far.
    offsets: Vec<usize>,
}

impl<'a> TextStream<'a> {
    pub(super) fn new(turn: &'a Turn) -> Self {
        Self { turn, frame: Frame::new(Kind::Sse, &turn.knobs), offsets: vec![0; turn.answer.replies.len()] }
    }

    fn chunk(&mut self, choices: Vec<Value>, usage: Value, out: &mut Vec<u8>) {
        let mut chunk = frame(self.turn, choices);
        if self.turn.ask.stream_usage && !self.turn.knobs.on(self.turn.knobs.no_usage) {
            chunk["usage"] = usage;
        }
        self.frame.event(None, &chunk, out);
    }
}

impl Writer for TextStream<'_> {
    fn step(&mut self, step: &Step<'_>, out: &mut Vec<u8>) {
        match *step {
            Step::Text { reply, text } => {
                let choice = choice(self.turn, reply, text, &[text], self.offsets[reply], Value::Null);
                self.offsets[reply] += text.len();
                self.chunk(vec![choice], Value::Null, out);
            }
            Step::Finish { reply } => {
                let finish = finish(self.turn, &self.turn.answer.replies[reply]);
                let choice = json!({ "text": "", "index": reply, "logprobs": null, "finish_reason": finish });
                self.chunk(vec![choice], Value::Null, out);
            }
            Step::Close => {
                if self.turn.ask.stream_usage && !self.turn.knobs.on(self.turn.knobs.no_usage) {
                    self.chunk(Vec::new(), usage(self.turn, &self.turn.answer.usage), out);
                }
                self.frame.raw(None, "[DONE]", out);
            }
            _ => {}
        }
    }

    fn failure(&mut self, failure: Failure, out: &mut Vec<u8>) {
        self.frame.event(None, &failure.body, out);
    }

    fn garbage(&mut self, garbage: &str, out: &mut Vec<u8>) {
        self.frame.raw(None, garbage, out);
    }
}
