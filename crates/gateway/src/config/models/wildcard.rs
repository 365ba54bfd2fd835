//! `model: "*"`: any model of any provider whose key is in the environment.

use std::collections::HashSet;

use providers::{Auth, Provider};

use super::entry::Entry;
use super::{Builder, Row};
use crate::config::name::{Called, FAMILIES};

impl Builder<'_> {
    /// One pattern for each provider that can be called, `provider/*`, and one for each family of names that stand
    /// alone, `gpt-*`. Names in `taken` are left alone: an entry of their own says what they mean.
    pub(super) fn catch_all(&mut self, entry: &Entry, taken: &HashSet<String>) -> Vec<Row> {
        let usable: Vec<&'static Provider> =
            providers::all().iter().filter(|provider| self.is_usable(provider)).collect();
        if usable.is_empty() {
            let message = "no provider has a key in the environment: nothing stands behind the *";
            self.notes.warn(entry.params.place("model"), &entry.params.at("model"), message, "set e.g. OPENAI_API_KEY");
        }
        let by_provider = usable.iter().map(|provider| (format!("{}/*", provider.id), *provider, "*".to_owned()));
        let by_family = FAMILIES.iter().filter_map(|(start, id)| {
            let provider = usable.iter().find(|provider| provider.id == *id)?;
            Some((format!("{start}*"), *provider, format!("{start}*")))
        });
        let named = by_provider
            .chain(by_family)
            .map(|(name, provider, model)| (entry.group.replacen('*', &name, 1), Called { provider, model }));
        let free: Vec<_> = named.filter(|(group, _)| !taken.contains(group)).collect();
        free.into_iter().filter_map(|(group, called)| self.deployment(entry, &called, &group, None)).collect()
    }

    fn is_usable(&self, provider: &Provider) -> bool {
        let based = provider.usual_base(|name| self.env.get(name)).is_some();
        let keyed = provider.key(|name| self.env.get(name)).is_some();
        based && provider.auth != Auth::None && (keyed || provider.local)
    }
}
