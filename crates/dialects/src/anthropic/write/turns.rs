//! Putting the conversation in the order Anthropic accepts, moving as little as possible: what stays in place
//! stays in the prompt cache.

use types::{Chat, Fault, Role};

use super::calls;
use super::pieces::{self, Piece};
use crate::Fit;

/// Stands where Anthropic demands content and the caller gave none.
const PLACEHOLDER: &str = "(empty message)";

/// The conversation, ready to be printed.
pub(crate) struct Conversation<'a> {
    /// Top-level instructions.
    pub(crate) system: Vec<Piece<'a>>,
    /// Turns of the user and the model, each followed by at most one of the operator.
    pub(crate) turns: Vec<Turn<'a>>,
}

/// Neighbouring messages of the same role.
pub(crate) struct Turn<'a> {
    /// Who speaks.
    pub(crate) role: Role,
    /// What is said.
    pub(crate) pieces: Vec<Piece<'a>>,
}

/// Arranges the messages of a request.
pub(crate) fn arrange<'a>(chat: &'a Chat, fit: &mut Fit) -> Result<Conversation<'a>, Fault> {
    let leading = chat.messages.iter().take_while(|message| message.role == Role::System).count();
    let (first, rest) = chat.messages.split_at(leading);
    let mut system = Vec::new();
    for message in first {
        system.extend(pieces::of(message, fit)?);
    }
    let mut turns = Turns { list: Vec::new(), held: Vec::new() };
    for message in rest {
        let pieces = pieces::of(message, fit)?;
        match message.role {
            // An answer without content, as after a dropped unsigned thought, is no turn.
            Role::System | Role::Assistant if pieces.is_empty() => {}
            Role::System if fit.target.abilities().system_anywhere => turns.held.extend(pieces),
            Role::System => turns.push(Role::User, notes(pieces)),
            Role::User => turns.push(Role::User, pieces),
            Role::Assistant => {
                turns.place_held();
                turns.push(Role::Assistant, pieces);
            }
        }
    }
    let mut turns = turns.finish();
    calls::pair(&mut turns)?;
    check_prefill(&turns, fit)?;
    Ok(Conversation { system, turns })
}

/// Turns in the making. An operator's message may only follow a user turn and be followed by an answer or by
/// nothing: until such a place is found, it is held.
struct Turns<'a> {
    list: Vec<Turn<'a>>,
    held: Vec<Piece<'a>>,
}

impl<'a> Turns<'a> {
    fn push(&mut self, role: Role, pieces: Vec<Piece<'a>>) {
        match self.list.last_mut() {
            Some(turn) if turn.role == role => turn.pieces.extend(pieces),
            _ => self.list.push(Turn { role, pieces }),
        }
    }

    fn place_held(&mut self) {
        let after_user = self.list.last().is_some_and(|turn| turn.role == Role::User);
        if after_user && !self.held.is_empty() {
            let pieces = std::mem::take(&mut self.held);
            self.list.push(Turn { role: Role::System, pieces });
        }
    }

    fn finish(mut self) -> Vec<Turn<'a>> {
        self.place_held();
        if !self.held.is_empty() {
            let held = std::mem::take(&mut self.held);
            self.push(Role::User, notes(held));
        }
        trim_end(&mut self.list);
        if self.list.first().is_none_or(|turn| turn.role != Role::User) {
            self.list.insert(0, Turn { role: Role::User, pieces: Vec::new() });
        }
        for turn in &mut self.list {
            if turn.pieces.is_empty() {
                turn.pieces.push(Piece::text(PLACEHOLDER));
            }
            if turn.role == Role::User {
                turn.pieces.sort_by_key(|piece| !matches!(piece, Piece::ToolResult { .. }));
            }
        }
        self.list
    }
}

/// An operator's words inside a user turn, for models that take them nowhere else.
fn notes(pieces: Vec<Piece>) -> Vec<Piece> {
    let note = |piece| match piece {
        Piece::Text { text, cache, .. } => Piece::Text {
            text: format!("<operator_instructions>\n{text}\n</operator_instructions>").into(),
            cache,
            citations: None,
        },
        other => other,
    };
    pieces.into_iter().map(note).collect()
}

/// An answer that is to be continued must not end in white space.
fn trim_end(turns: &mut Vec<Turn>) {
    let Some(last) = turns.last_mut().filter(|turn| turn.role == Role::Assistant) else {
        return;
    };
    if let Some(Piece::Text { text, .. }) = last.pieces.last_mut() {
        let length = text.trim_end().len();
        if length < text.len() {
            text.to_mut().truncate(length);
        }
    }
}

fn check_prefill(turns: &[Turn], fit: &Fit) -> Result<(), Fault> {
    let prefilled = turns.last().is_some_and(|turn| turn.role == Role::Assistant);
    if prefilled && !fit.target.abilities().prefill {
        return fit.refuse("messages", "an assistant message at the end, to be continued by the model,");
    }
    Ok(())
}
