//! The order in which a stream tells an answer, made while it is told: nothing is laid out beforehand, so a
//! thousand slow streams hold little more than their texts.

use super::{Answer, Cut, ToolCall};

/// One thing a stream has to say next.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Step<'a> {
    /// The answer begins.
    Open,
    /// More of what the model thinks.
    Thinking { reply: usize, text: &'a str },
    /// More of the text.
    Text { reply: usize, text: &'a str },
    /// A tool call begins; dialects that send calls whole send it now.
    Call { reply: usize, index: usize, call: &'a ToolCall },
    /// More of a call's arguments.
    Arguments { reply: usize, index: usize, call: &'a ToolCall, text: &'a str },
    /// One reply is complete.
    Finish { reply: usize },
    /// All is said.
    Close,
}

impl Step<'_> {
    /// Whether this is part of the answer's content, which delays and mid-stream faults go by.
    pub(crate) fn is_content(&self) -> bool {
        !matches!(self, Step::Open | Step::Finish { .. } | Step::Close)
    }
}

/// The steps of an answer. Replies take turns piece by piece; calls do so only when `interleave` is set.
pub(crate) fn steps(answer: &Answer, interleave: bool) -> impl Iterator<Item = Step<'_>> + Send {
    let cut = answer.cut;
    let replies = &answer.replies;
    let thinking = turns(replies.iter().map(|reply| reply.thinking.as_str()).collect(), cut)
        .map(|(reply, text)| Step::Thinking { reply, text });
    let texts = turns(replies.iter().map(|reply| reply.text.as_str()).collect(), cut)
        .map(|(reply, text)| Step::Text { reply, text });
    let calls = replies.iter().enumerate().flat_map(move |(at, reply)| calls(at, &reply.calls, cut, interleave));
    let ends = (0..replies.len()).map(|reply| Step::Finish { reply });
    std::iter::once(Step::Open).chain(thinking).chain(texts).chain(calls).chain(ends).chain([Step::Close])
}

/// Pieces of several texts in turn: which text, and the piece.
fn turns(mut rest: Vec<&str>, cut: Cut) -> impl Iterator<Item = (usize, &str)> + Send {
    let mut next = 0;
    std::iter::from_fn(move || {
        for _ in 0..rest.len() {
            let at = next % rest.len();
            next = at + 1;
            if !rest[at].is_empty() {
                let (piece, tail) = rest[at].split_at(cut.first(rest[at]));
                rest[at] = tail;
                return Some((at, piece));
            }
        }
        None
    })
}

fn calls(reply: usize, calls: &[ToolCall], cut: Cut, interleave: bool) -> Vec<Step<'_>> {
    let open = |index: usize| Step::Call { reply, index, call: &calls[index] };
    let part = move |first: usize| {
        move |(at, text): (usize, _)| Step::Arguments { reply, index: first + at, call: &calls[first + at], text }
    };
    if interleave {
        let fragments = turns(calls.iter().map(|call| call.arguments.as_str()).collect(), cut).map(part(0));
        return (0..calls.len()).map(open).chain(fragments).collect();
    }
    let one = |index: usize| {
        let fragments = turns(vec![calls[index].arguments.as_str()], cut).map(part(index));
        std::iter::once(open(index)).chain(fragments)
    };
    (0..calls.len()).flat_map(one).collect()
}
