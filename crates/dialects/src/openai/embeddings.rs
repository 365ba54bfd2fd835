//! Embeddings: the same few fields in both directions, with vectors as numbers or as base64 of little-endian f32
//! (which the official SDKs ask for by default).

use std::borrow::Cow;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::BytesMut;
use types::{Embedding, EmbeddingInput, Embeddings, Fault, Operation};

use super::answer::malformed;
use super::{NAME, extras, usage};
use crate::json::{self, Edit, Json, Kind, Object, Writer};
use crate::typed::{Wrong, count, each, field, required, text};
use crate::{Fit, Stamp, cl100k};

/// Reads a request.
pub(super) fn read_request(root: Json) -> Result<Embedding, Wrong> {
    const KNOWN: [&str; 6] = ["model", "input", "dimensions", "encoding_format", "user", "input_type"];
    Ok(Embedding {
        model: field(root, "model", text)?.unwrap_or_default(),
        input: required(root, "input", input)?,
        dimensions: field(root, "dimensions", count)?,
        base64: field(root, "encoding_format", is_base64)?.unwrap_or(false),
        user: field(root, "user", text)?,
        input_type: field(root, "input_type", text)?,
        extras: root.beside(&KNOWN),
        dialect: NAME,
    })
}

fn is_base64(value: Json) -> Result<bool, Wrong> {
    match &*text(value)? {
        "float" => Ok(false),
        "base64" => Ok(true),
        _ => Err(Wrong::new("must be 'float' or 'base64'")),
    }
}

fn input(value: Json) -> Result<EmbeddingInput, Wrong> {
    let first = value.items().next().map(|item| item.kind());
    match (value.kind(), first) {
        (Kind::String, _) => Ok(EmbeddingInput::Texts(vec![text(value)?])),
        (Kind::Array, Some(Kind::String)) => each(value, text).map(EmbeddingInput::Texts),
        (Kind::Array, Some(Kind::Number)) => {
            each(value, count)?;
            Ok(EmbeddingInput::Tokens(value.to_raw()))
        }
        (Kind::Array, Some(Kind::Array)) => {
            each(value, |ids| each(ids, count))?;
            Ok(EmbeddingInput::Tokens(value.to_raw()))
        }
        _ => Err(Wrong::new("must be a string, a list of strings, or token ids, and not empty")),
    }
}

/// Whether what is to be embedded comes as token ids.
pub(super) fn holds_token_ids(root: Json) -> bool {
    root.get("input").is_some_and(are_token_ids)
}

/// Whether a value is a list of token ids, or of such lists, which its first sign tells.
fn are_token_ids(value: Json) -> bool {
    let items = value.raw().strip_prefix('[').map(str::trim_start);
    items.is_some_and(|items| items.starts_with(|sign: char| sign == '[' || sign.is_ascii_digit()))
}

/// What shows what a request says in token ids, for whoever must see it; `None` if it has none. A prompt in ids is
/// refused: nobody here knows by which model's vocabulary it is to be read.
pub fn spell_out(operation: Operation, body: &Object) -> Result<Option<Edit>, Fault> {
    let name = match operation {
        Operation::Embedding => "input",
        Operation::Completion => "prompt",
        _ => return Ok(None),
    };
    body.with(|root| match root.get(name).filter(|value| are_token_ids(*value)) {
        Some(ids) if operation == Operation::Embedding => {
            let texts = ids.inside(cl100k::read).transpose()?.unwrap_or_default();
            let texts: Vec<String> = texts.iter().map(|text| json::string(text)).collect();
            Ok(Some(Edit::Set(name.to_owned(), format!("[{}]", texts.join(",")))))
        }
        Some(_) => Err(Fault::invalid_param(name, "what token ids say cannot be looked over; send text")),
        None => Ok(None),
    })
}

/// Encodes a request.
pub(super) fn write_request(request: &Embedding, fit: &mut Fit) -> Result<BytesMut, Fault> {
    let ids = match &request.input {
        EmbeddingInput::Tokens(ids) if fit.target.quirks.token_ids => Some(ids),
        _ => None,
    };
    let texts = if ids.is_none() { cl100k::texts(&request.input)? } else { Cow::default() };
    let passing = extras::passing(&request.extras, request.dialect, fit)?;
    let takes_type = request.dialect == NAME;
    if !takes_type {
        fit.hint("input_type", &request.input_type);
    }
    Ok(Writer::document(|w| {
        w.str_field("model", fit.target.model);
        match ids {
            Some(ids) => w.key("input").raw(ids),
            None => w.key("input").array(|w| texts.iter().for_each(|text| w.string(text))),
        }
        w.opt_num("dimensions", request.dimensions);
        w.opt_str("encoding_format", request.base64.then_some("base64"));
        w.opt_str("user", request.user.as_deref());
        w.opt_str("input_type", request.input_type.as_deref().filter(|_| takes_type));
        for (name, value) in passing {
            w.key(name).raw(value);
        }
    }))
}

/// Reads an answer.
pub(super) fn read_answer(root: Json) -> Result<Embeddings, Fault> {
    let mut vectors = Vec::new();
    for (position, item) in root.get("data").into_iter().flat_map(|list| list.items()).enumerate() {
        let index = item.get("index").and_then(|index| index.as_u64());
        let vector = item.get("embedding").and_then(vector);
        vectors.push((index.unwrap_or(position as u64), vector.ok_or_else(|| malformed("has a vector that is none"))?));
    }
    if vectors.is_empty() {
        return Err(malformed("has no vectors"));
    }
    vectors.sort_by_key(|(index, _)| *index);
    Ok(Embeddings {
        model: root.get("model").and_then(|model| model.as_string()).unwrap_or_default(),
        vectors: vectors.into_iter().map(|(_, vector)| vector).collect(),
        usage: usage::read_of(root).unwrap_or_default(),
    })
}

/// The numbers of a vector, all of them finite.
fn vector(value: Json) -> Option<Vec<f32>> {
    let numbers: Vec<f32> = match value.kind() {
        Kind::Array => value
            .items()
            .map(|item| (item.kind() == Kind::Number).then(|| item.raw().parse().ok())?)
            .collect::<Option<_>>()?,
        Kind::String => {
            let bytes = BASE64_STANDARD.decode(&*value.as_str()?).ok()?;
            let (quads, rest) = bytes.as_chunks::<4>();
            rest.is_empty().then(|| quads.iter().map(|quad| f32::from_le_bytes(*quad)).collect())?
        }
        _ => return None,
    };
    numbers.iter().all(|number| number.is_finite()).then_some(numbers)
}

/// Encodes an answer.
pub(super) fn write_answer(answer: &Embeddings, stamp: &Stamp) -> BytesMut {
    let model = if answer.model.is_empty() { &stamp.model } else { &answer.model };
    Writer::document(|w| {
        w.str_field("object", "list");
        w.key("data").array(|w| {
            for (index, vector) in answer.vectors.iter().enumerate() {
                w.object(|w| {
                    w.str_field("object", "embedding");
                    w.num_field("index", index);
                    w.key("embedding");
                    write_vector(w, vector, stamp.base64_vectors);
                });
            }
        });
        w.str_field("model", model);
        // Official clients read the counts without asking whether they are there.
        let input = answer.usage.input.unwrap_or(0);
        w.key("usage").object(|w| {
            w.num_field("prompt_tokens", input);
            w.num_field("total_tokens", input);
        });
    })
}

fn write_vector(w: &mut Writer, vector: &[f32], base64: bool) {
    if base64 {
        let bytes: Vec<u8> = vector.iter().flat_map(|number| number.to_le_bytes()).collect();
        w.string(&BASE64_STANDARD.encode(bytes));
    } else {
        // JSON has no word for what is no number.
        w.array(|w| {
            vector.iter().for_each(|number| match number.is_finite() {
                true => w.display(number),
                false => w.null(),
            })
        });
    }
}
