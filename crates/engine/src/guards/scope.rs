//! Which texts of a call and its answer guardrails look at: what is said there, or all of it where nobody knows what is
//! said where; and of those that a passage has, the fields that it names.

use std::collections::HashSet;

use dialects::json::Json;

use super::Guard;
use super::fields::{FieldGuard, FieldPath};
use super::texts::{self, Piece, Who};

/// Where in bodies something is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Spread {
    /// Where the dialects of the gateway have it.
    #[default]
    Spoken,
    /// Nobody knows: everywhere.
    All,
}

/// Which texts guardrails look at.
#[derive(Clone, Debug, Default)]
pub(super) struct Scope {
    pub spread: Spread,
    /// The guardrails of the passage.
    pub own: Vec<FieldGuard>,
    /// Whether the body that is looked at stands in another one, beside the query.
    pub enveloped: bool,
}

/// A body that is looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Half {
    Request,
    Answer,
}

/// The places of texts that a guardrail looks at; `None` if it looks at all.
pub(super) type Picked = Option<HashSet<usize>>;

impl Scope {
    /// What was sent, or answered, in what is looked at.
    pub fn body<'d>(&self, half: Half, root: Json<'d>) -> Json<'d> {
        root.get("body").filter(|_| self.enveloped && half == Half::Request).unwrap_or(root)
    }

    /// All texts that are looked at, in order.
    pub fn texts<'d>(&self, half: Half, root: Json<'d>) -> Vec<Piece<'d>> {
        let mut pieces = Vec::new();
        let mut look = |piece| pieces.push(piece);
        match (half, self.spread) {
            (Half::Request, Spread::Spoken) => texts::of_request(root, &mut look),
            (Half::Answer, Spread::Spoken) => texts::of_answer(root, &mut look),
            (Half::Request, Spread::All) => texts::of_all(root, Who::User, &mut look),
            (Half::Answer, Spread::All) => texts::of_all(root, Who::Assistant, &mut look),
        }
        if !self.own.is_empty() && self.spread == Spread::Spoken {
            let mut known: HashSet<usize> = pieces.iter().map(place).collect();
            for path in self.own.iter().flat_map(|own| fields(own, half)) {
                at(path, half, self.body(half, root), &mut |piece| {
                    if known.insert(place(&piece)) {
                        pieces.push(piece);
                    }
                });
            }
            pieces.sort_by_key(place);
        }
        pieces
    }

    /// Where a guardrail looks.
    pub fn picked(&self, guard: &Guard, half: Half, root: Json) -> Picked {
        let own = self.own.iter().find(|own| own.name == guard.name)?;
        let paths = fields(own, half);
        if paths.is_empty() {
            return None;
        }
        let mut places = HashSet::new();
        for path in paths {
            at(path, half, self.body(half, root), &mut |piece| {
                places.insert(place(&piece));
            });
        }
        Some(places)
    }
}

/// Whether a guardrail that looks at `picked` looks at a text.
pub(super) fn picks(picked: &Picked, piece: &Piece) -> bool {
    picked.as_ref().is_none_or(|places| places.contains(&place(piece)))
}

fn fields(own: &FieldGuard, half: Half) -> &[FieldPath] {
    match half {
        Half::Request => &own.request,
        Half::Answer => &own.response,
    }
}

fn at<'d>(path: &FieldPath, half: Half, root: Json<'d>, look: &mut dyn FnMut(Piece<'d>)) {
    let who = if half == Half::Request { Who::User } else { Who::Assistant };
    path.find(root, &mut |value| texts::of_all(value, who, look));
}

fn place(piece: &Piece) -> usize {
    piece.json.span().0
}
