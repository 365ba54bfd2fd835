//! The text behind token ids of OpenAI's vocabulary `cl100k_base`. Its embedding models use it, and clients made for
//! them (LangChain's, unless it is told otherwise) send its ids in the place of texts, whatever model they name: no
//! other model understands those.

use std::borrow::Cow;
use std::sync::OnceLock;

use types::{EmbeddingInput, Fault, FaultKind};

use crate::json::{Doc, Json, Kind};

/// Made by `tools/cl100k.py`: the length of each token in a byte, in the order of their ids, then all tokens.
static TABLE: &[u8] = include_bytes!("cl100k.bin");

/// How many tokens stand for text. The few ids behind them are marks, such as the end of a text.
const COUNT: usize = 100_256;

/// Most text, bytes, that the ids of one request become: a few signs of a body may stand for a hundred.
const MOST_TEXT: usize = 32 << 20;

/// Why ids are not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unreadable {
    /// This one stands for no text.
    Unknown(u64),
    /// The text is longer than is wanted.
    TooLong,
}

/// What is to be embedded, as texts.
pub(crate) fn texts(input: &EmbeddingInput) -> Result<Cow<'_, [String]>, Fault> {
    match input {
        EmbeddingInput::Texts(texts) => Ok(Cow::Borrowed(texts)),
        EmbeddingInput::Tokens(ids) => read(Doc::parse(ids.get().as_bytes())?.root()).map(Cow::Owned),
    }
}

/// The texts that a list of ids, or of such lists, stands for.
pub(crate) fn read(ids: Json) -> Result<Vec<String>, Fault> {
    let mut left = MOST_TEXT;
    let mut one = |ids: Json| {
        let text = text(ids.items().map(|id| id.as_u64().unwrap_or(u64::MAX)), left)?;
        left -= text.len().min(left);
        Ok(text)
    };
    let several = ids.items().any(|item| item.kind() == Kind::Array);
    let texts = if several { ids.items().map(one).collect() } else { one(ids).map(|text| vec![text]) };
    texts.map_err(|why| {
        let why = match why {
            Unreadable::Unknown(id) => format!("token id {id} is none of cl100k_base that stands for text"),
            Unreadable::TooLong => format!("token ids of more than {MOST_TEXT} bytes of text are not read"),
        };
        Fault { kind: FaultKind::Unsupported, ..Fault::invalid_param("input", format!("{why}; send texts")) }
    })
}

/// The text of these tokens, of at most `most` bytes. Halves of characters, such as a cut between two pieces of a long
/// text leaves, become `�`.
fn text(ids: impl IntoIterator<Item = u64>, most: usize) -> Result<String, Unreadable> {
    let mut bytes = Vec::new();
    for id in ids {
        bytes.extend_from_slice(usize::try_from(id).ok().and_then(token).ok_or(Unreadable::Unknown(id))?);
        if bytes.len() > most {
            return Err(Unreadable::TooLong);
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn token(id: usize) -> Option<&'static [u8]> {
    static STARTS: OnceLock<Vec<u32>> = OnceLock::new();
    let (lengths, tokens) = TABLE.split_at(COUNT);
    let starts = STARTS.get_or_init(|| {
        let next = |start: &mut u32, length: &u8| Some(std::mem::replace(start, *start + u32::from(*length)));
        lengths.iter().scan(0, next).collect()
    });
    let (start, length) = (*starts.get(id)? as usize, usize::from(*lengths.get(id)?));
    tokens.get(start..start + length)
}

#[cfg(test)]
mod tests;
