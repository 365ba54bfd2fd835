//! What keeps calls that belong together at one deployment, whose cache knows them: a lot that is drawn for each pair of
//! bond and deployment, and comes out the same everywhere (rendezvous hashing). Nothing is remembered, so replicas and
//! reloads agree, and a deployment that comes or goes moves no more than its own share of the bonds.

use crate::lot::lot;

/// What holds calls together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Affinity {
    /// The session that they name.
    pub session: bool,
    /// How their prompts begin.
    pub prompt: bool,
    /// Their key.
    pub key: bool,
}

/// What ties a call to others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bond(u64);

impl Bond {
    /// The bond of all calls that have this in common.
    pub fn of(what: &[u8]) -> Self {
        Bond(lot(what.iter().copied()))
    }

    /// The bond of those among them that have this in common, too.
    pub fn and(self, what: &[u8]) -> Self {
        Bond(lot(self.0.to_le_bytes().into_iter().chain(what.iter().copied())))
    }

    /// The luck that it has with deployment `id`: between 0 and 1, either of them left out.
    pub fn luck(self, id: &str) -> f64 {
        let Bond(drawn) = self.and(id.as_bytes());
        ((drawn >> 12) as f64 + 0.5) / (1u64 << 52) as f64
    }
}

#[cfg(test)]
mod tests;
