//! How text falls into the pieces a stream sends and usage counts.

/// Where a text is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// At words, and within words after about four bytes.
    Words,
    /// Every so many bytes, or a little later where that would split a character.
    Bytes(usize),
}

/// Bytes of a word after which a new piece begins.
const WORD: usize = 4;
/// Longest piece of blanks.
const BLANKS: usize = 64;

impl Cut {
    /// Length of the first piece of a text that is not empty.
    pub(crate) fn first(self, text: &str) -> usize {
        match self {
            Cut::Words => first_word(text),
            Cut::Bytes(size) => {
                let mut end = size.max(1).min(text.len());
                while !text.is_char_boundary(end) {
                    end += 1;
                }
                end
            }
        }
    }

    /// The pieces of a text, in order; together they are the text.
    pub(crate) fn pieces(self, text: &str) -> impl Iterator<Item = &str> {
        let mut rest = text;
        std::iter::from_fn(move || {
            (!rest.is_empty()).then(|| {
                let (piece, tail) = rest.split_at(self.first(rest));
                rest = tail;
                piece
            })
        })
    }

    /// Number of pieces of a text, which is its number of tokens.
    pub(crate) fn count(self, text: &str) -> u64 {
        self.pieces(text).count() as u64
    }
}

fn first_word(text: &str) -> usize {
    let mut word = 0;
    for (at, char) in text.char_indices() {
        let over = if char.is_whitespace() { word > 0 || at >= BLANKS } else { word >= WORD };
        if over {
            return at;
        }
        if !char.is_whitespace() {
            word += char.len_utf8();
        }
    }
    text.len()
}
