//! The text behind token ids of OpenAI's vocabulary `cl100k_base`. Its embedding models use it, and clients made for
//! them (LangChain's, unless it is told otherwise) send its ids in the place of texts, whatever model they name: no
//! other model understands those.

use std::sync::OnceLock;

/// Made by `tools/cl100k.py`: the length of each token in a byte, in the order of their ids, then all tokens.
static TABLE: &[u8] = include_bytes!("cl100k.bin");

/// How many tokens stand for text. The few ids behind them are marks, such as the end of a text.
const COUNT: usize = 100_256;

/// Why ids are not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// This one stands for no text.
    Unknown(u64),
    /// The text is longer than is wanted.
    TooLong,
}

/// The text of these tokens, of at most `most` bytes. Halves of characters, such as a cut between two pieces of a long
/// text leaves, become `�`.
pub(crate) fn text(ids: impl IntoIterator<Item = u64>, most: usize) -> Result<String, Unreadable> {
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
mod tests {
    use super::*;

    #[test]
    fn ids_become_the_text_that_they_stand_for() {
        let all = |ids: &[u64]| text(ids.iter().copied(), 11);
        assert_eq!(all(&[9906, 1917]).unwrap(), "Hello world");
        assert_eq!(all(&[]).unwrap(), "");
        assert_eq!(all(&[0, COUNT as u64 - 1]).unwrap(), "! Conveyor");
        // One sign of two tokens, whole and cut.
        assert_eq!(all(&[9468, 25451]).unwrap(), "🦂");
        assert_eq!(all(&[0, 9468]).unwrap(), "!�");
        for id in [COUNT as u64, 100_257, u64::MAX] {
            assert_eq!(all(&[0, id]), Err(Unreadable::Unknown(id)));
        }
        assert_eq!(all(&[9906, 1917, 0]), Err(Unreadable::TooLong));
    }

    #[test]
    fn every_token_has_its_place_in_the_table() {
        let (lengths, tokens) = TABLE.split_at(COUNT);
        assert_eq!(lengths.iter().map(|length| usize::from(*length)).sum::<usize>(), tokens.len());
        assert!((0..COUNT).all(|id| token(id).is_some_and(|token| !token.is_empty())));
    }
}
