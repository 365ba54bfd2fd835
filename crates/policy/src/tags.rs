//! Which deployments of a group fit the tags of a call, by the incumbent's rules: a plain tag asks for deployments that
//! have it, `&tag` requires it beside the others, `!tag` excludes those that have it.

/// The tag of deployments that serve calls which ask for none.
const DEFAULT: &str = "default";

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
    /// The places of the deployments that fit a call with these tags, given the tags of each deployment. Whoever asks
    /// for a tag that some deployment has gets no other; a tag that is nobody's may be there for the bill alone, so
    /// such a call goes to those that are marked as default.
    pub fn fitting<'d>(&self, tags: &[&str], deployments: impl Iterator<Item = &'d [String]>) -> Vec<usize> {
        let all: Vec<&[String]> = deployments.collect();
        let has = |index: usize, tag: &str| all[index].iter().any(|own| own == tag);
        let wanted = self.wanted(tags);
        let allowed = |index: &usize| {
            wanted.required.iter().all(|tag| has(*index, tag)) && !wanted.excluded.iter().any(|tag| has(*index, tag))
        };
        let asked = |index: &usize| match self.match_any {
            true => wanted.plain.iter().any(|tag| has(*index, tag)),
            false => wanted.plain.iter().all(|tag| has(*index, tag)),
        };
        let defaults: Vec<usize> = (0..all.len()).filter(|index| has(*index, DEFAULT)).collect();
        if wanted.plain.is_empty() {
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
