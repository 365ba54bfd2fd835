//! Log probabilities: this API has them at the parts of a message, chats beside it.

use types::Raw;

use crate::json::{Json, Writer};

/// Fields that a token of a chat has, whether anybody says them or not.
const TOKEN: [&str; 3] = ["token", "logprob", "bytes"];

/// The tokens at each of `holders`, in the shape of chats; `None` if there are none.
pub(super) fn of<'d>(holders: impl Iterator<Item = Json<'d>>) -> Option<Raw> {
    let mut tokens = holders.filter_map(|holder| holder.get_some("logprobs")).flat_map(|list| list.items()).peekable();
    tokens.peek()?;
    let said = Writer::document(|w| {
        w.key("content").array(|w| tokens.for_each(|token| w.object(|w| write(w, token))));
        w.key("refusal").null();
    });
    Some(Raw::new(String::from_utf8_lossy(&said)))
}

/// Writes the fields of a token. Pieces of a stream come without its bytes, and clients of chats expect the field.
fn write(w: &mut Writer, token: Json) {
    numbers(w, token);
    w.key("top_logprobs").array(|w| {
        let others = token.get_some("top_logprobs");
        others.into_iter().flat_map(|list| list.items()).for_each(|other| w.object(|w| numbers(w, other)));
    });
}

fn numbers(w: &mut Writer, token: Json) {
    for name in TOKEN {
        w.key(name);
        match token.get(name) {
            Some(value) => w.json(value.raw()),
            None => w.null(),
        }
    }
}
