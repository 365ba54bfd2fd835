//! Which deployments of a group fit the tags of a call, by the incumbent's rules: a plain tag asks for deployments that
//! have it, `&tag` requires it beside the others, `!tag` excludes those that have it. A pattern of a deployment's own
//! stands for a plain tag of the calls whose client it fits.

use regex::{Regex, RegexBuilder};

/// The tag of deployments that serve calls which ask for none.
const DEFAULT: &str = "default";

/// Largest pattern, bytes, when it is ready to be used.
const MOST_BYTES: usize = 1 << 18;

/// A deployment, as tags see it.
#[derive(Clone, Copy, Debug)]
pub struct Tagged<'d> {
    /// Its tags.
    pub tags: &'d [String],
    /// Whether one of its patterns fits the call's client.
    pub is_meant: bool,
}

/// Patterns of a deployment, which fit clients by what they say of themselves: `User-Agent: claude-code/2.1`.
#[derive(Clone, Debug, Default)]
pub struct Patterns(Vec<Regex>);

impl Patterns {
    /// One pattern more; what is wrong with it, if it is none.
    pub fn add(&mut self, pattern: &str) -> Result<(), String> {
        let pattern = RegexBuilder::new(pattern).size_limit(MOST_BYTES).build();
        self.0.push(pattern.map_err(|wrong| wrong.to_string())?);
        Ok(())
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether one of them is found in `header`, which is a name and a value.
    pub fn fit(&self, header: &str) -> bool {
        self.0.iter().any(|pattern| pattern.is_match(header))
    }
}

/// What holds for the tags of all calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagRules {
    /// Whether deployments must fit where their group does not say.
    pub enabled: bool,
    /// Whether one plain tag in common is enough; else a deployment needs all that the call has.
    pub match_any: bool,
    /// What may stand before a tag to say that it is meant for routing; empty if nothing does.
    pub prefix: String,
}

impl Default for TagRules {
    fn default() -> Self {
        TagRules { enabled: false, match_any: true, prefix: String::new() }
    }
}

/// The tags of a call by what they want.
#[derive(Default)]
struct Wanted<'t> {
    plain: Vec<&'t str>,
    required: Vec<&'t str>,
    excluded: Vec<&'t str>,
    /// Whether one of the plain ones was said to be meant for routing.
    meant: bool,
}

impl TagRules {
    /// The places of the deployments that fit a call with these tags. Whoever asks for a tag that some deployment has gets
    /// no other; a tag that is nobody's may be there for the bill alone, so such a call goes to those that are marked as
    /// default. A client that a pattern fits goes where it leads, but where all tags must agree no pattern goes past them.
    pub fn fitting<'d>(&self, tags: &[&str], deployments: impl Iterator<Item = Tagged<'d>>) -> Vec<usize> {
        let all: Vec<Tagged> = deployments.collect();
        let has = |index: usize, tag: &str| all[index].tags.iter().any(|own| own == tag);
        let wanted = self.wanted(tags);
        let allowed = |index: &usize| {
            wanted.required.iter().all(|tag| has(*index, tag)) && !wanted.excluded.iter().any(|tag| has(*index, tag))
        };
        let meant = |index: &usize| all[*index].is_meant;
        let asked = |index: &usize| match self.match_any {
            true => wanted.plain.iter().any(|tag| has(*index, tag)) || meant(index),
            false => wanted.plain.iter().all(|tag| has(*index, tag)) || meant(index) && all[*index].tags.is_empty(),
        };
        let defaults: Vec<usize> = (0..all.len()).filter(|index| has(*index, DEFAULT)).collect();
        if wanted.plain.is_empty() {
            let meant: Vec<usize> = (0..all.len()).filter(allowed).filter(meant).collect();
            if !meant.is_empty() {
                return meant;
            }
            let pool = match wanted.required.is_empty() && !defaults.is_empty() {
                true => defaults,
                false => (0..all.len()).collect(),
            };
            return pool.into_iter().filter(allowed).collect();
        }
        let found: Vec<usize> = (0..all.len()).filter(allowed).filter(asked).collect();
        let known = || wanted.meant || (0..all.len()).any(|index| wanted.plain.iter().any(|tag| has(index, tag)));
        if !found.is_empty() || known() {
            return found;
        }
        defaults.into_iter().filter(allowed).collect()
    }

    fn wanted<'t>(&self, tags: &[&'t str]) -> Wanted<'t> {
        let mut wanted = Wanted::default();
        for tag in tags {
            let bare = tag.strip_prefix(&*self.prefix).filter(|_| !self.prefix.is_empty());
            let tag = bare.unwrap_or(tag);
            let (list, name) = match tag.split_at_checked(1) {
                Some(("&", name)) => (&mut wanted.required, name),
                Some(("!", name)) => (&mut wanted.excluded, name),
                _ => {
                    wanted.meant |= bare.is_some_and(|bare| !bare.is_empty());
                    (&mut wanted.plain, tag)
                }
            };
            if !name.is_empty() {
                list.push(name);
            }
        }
        wanted
    }
}

#[cfg(test)]
mod tests;
