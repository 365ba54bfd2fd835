//! From what an operator writes to the URL and key a provider is called with. The environment is an argument.

use dialects::Quirks;

use crate::http::Endpoint;
use crate::paths::Fillings;
use crate::{Auth, Blank, Provider};

/// Request paths that end up in base URLs because documentation shows whole URLs, by dialect.
const PATHS: [(&str, &[&str]); 5] = [
    ("openai", &["/chat/completions"]),
    ("anthropic", &["/v1/messages", "/v1"]),
    ("cohere", &["/v2/chat", "/v2/embed", "/v2/rerank", "/v1/chat", "/v1/embed", "/v1/rerank", "/v2", "/v1"]),
    ("gemini", &["/v1beta", "/v1"]),
    ("ollama", &["/api/chat", "/api/generate", "/api", "/v1"]),
];

impl Provider {
    /// The provider as `model` has to be spoken to.
    pub fn for_model(&'static self, model: &str) -> &'static Provider {
        let family = self.families.iter().find(|(beginning, _)| model.starts_with(beginning));
        family.map_or(self, |(_, provider)| provider)
    }

    /// The provider as it has to be spoken to at `base`, which is a whole URL.
    pub fn at_base(&'static self, base: &str) -> &'static Provider {
        let spoken = self.bases.iter().find(|(part, _)| format!("{}/", base.trim_end_matches('/')).contains(part));
        spoken.map_or(self, |(_, provider)| provider)
    }

    /// The name of a model without what says how it is spoken to.
    pub fn bare_model<'m>(&self, model: &'m str) -> &'m str {
        self.routes.iter().find_map(|route| model.strip_prefix(route)).unwrap_or(model)
    }

    /// What the name of a model says of a key of `litellm_params`.
    pub fn in_model<'m>(&self, param: &str, model: &'m str) -> Option<&'m str> {
        let blank = self.blanks.iter().find(|blank| blank.param == param)?;
        (blank.in_model)(model)
    }

    /// The base URL if the configuration names none: from the environment, else from the table. `None` if
    /// neither knows it, or if a part of it cannot be filled.
    pub fn base_url(&self, fillings: &Fillings, env: impl Fn(&str) -> Option<String>) -> Option<String> {
        match first_set(self.base_env, &env) {
            Some(base) => Some(self.complete_base(&base)),
            None => fill(self.api_base?, fillings),
        }
    }

    /// The same where the operator says nothing.
    pub fn usual_base(&self, env: impl Fn(&str) -> Option<String>) -> Option<String> {
        self.base_url(&self.fillings(|_| None, &env), &env)
    }

    /// What fills the blanks: what `given` has for a key of `litellm_params`, else the environment, else what is usual.
    pub fn fillings(&self, given: impl Fn(&str) -> Option<String>, env: impl Fn(&str) -> Option<String>) -> Fillings {
        fillings(self.blanks, given, env)
    }

    /// Takes what stands for blanks in the query of a base off it: documentation shows whole URLs.
    pub fn split_query(&self, base: &str) -> (String, Fillings) {
        let Some((bare, query)) = base.split_once('?') else { return (base.to_owned(), Vec::new()) };
        let fields = query.split('&').filter_map(|field| field.split_once('='));
        let known: Fillings = fields
            .filter_map(|(name, value)| {
                let blank = self.blanks.iter().find(|blank| !blank.query.is_empty() && blank.query == name)?;
                Some((blank.param, value.to_owned()))
            })
            .collect();
        if known.is_empty() { (base.to_owned(), known) } else { (bare.to_owned(), known) }
    }

    /// Where the key goes at `endpoint`.
    pub fn auth_of(&self, endpoint: &Endpoint) -> Auth {
        let host = endpoint.host.to_ascii_lowercase();
        self.auth_at.iter().find(|(end, _)| host.ends_with(end)).map_or(self.auth, |(_, auth)| *auth)
    }

    /// The key if the configuration names none.
    pub fn key(&self, env: impl Fn(&str) -> Option<String>) -> Option<String> {
        let parts = || {
            let parts: Option<Vec<String>> = self.key_parts.iter().map(|name| env(name)).collect();
            parts.filter(|parts| !parts.is_empty()).map(|parts| parts.join(":"))
        };
        first_set(self.key_env, &env).or_else(parts)
    }

    /// A base URL in the form the dialect's paths are appended to: without slashes or a request path at the end,
    /// and with the part that this provider's servers always have.
    pub fn complete_base(&self, base: &str) -> String {
        let mut base = base.trim().trim_end_matches('/');
        let paths = PATHS.iter().find(|(dialect, _)| *dialect == self.dialect);
        if let Some(short) = paths.and_then(|(_, paths)| paths.iter().find_map(|path| base.strip_suffix(path))) {
            base = short.trim_end_matches('/');
        }
        let tail = if base.ends_with(self.base_tail) { "" } else { self.base_tail };
        format!("{base}{tail}")
    }

    /// Whether `endpoint` belongs to the provider itself: a host of the domain in the table. An engine of the
    /// operator's own is at home anywhere.
    pub fn is_home(&self, endpoint: &Endpoint) -> bool {
        let Some(base) = self.api_base.filter(|_| !self.local) else {
            return true;
        };
        let host = base.split_once("://").map_or(base, |(_, rest)| rest).split(['/', ':']).next().unwrap_or_default();
        let dot = host.rmatch_indices('.').nth(1).map_or(0, |(at, _)| at + 1);
        let (domain, named) = (&host[dot..], endpoint.host.to_ascii_lowercase());
        // Anybody can have a host of some domains: there only those are meant that look like the one in the table.
        if let Some((start, end)) = host.split_once('{').filter(|(start, _)| !start.is_empty()) {
            let end = end.split_once('}').map_or(end, |(_, end)| end);
            let part = named.strip_prefix(start).and_then(|rest| rest.strip_suffix(end));
            return part.is_some_and(|part| !part.is_empty() && !part.contains('.'));
        }
        named.strip_suffix(domain).is_some_and(|before| before.is_empty() || before.ends_with('.'))
    }

    /// What the server at `endpoint` does differently from the dialect.
    pub fn quirks_at(&self, endpoint: &Endpoint) -> Quirks {
        if self.is_home(endpoint) { self.quirks } else { self.elsewhere.unwrap_or(self.quirks) }
    }
}

/// What fills these blanks; those that nothing fills are left out.
pub fn fillings(
    blanks: &[Blank],
    given: impl Fn(&str) -> Option<String>,
    env: impl Fn(&str) -> Option<String>,
) -> Fillings {
    let written = |blank: &Blank| if blank.param.is_empty() { None } else { given(blank.param) };
    let value = |blank: &Blank| written(blank).or_else(|| blank.usual(&env));
    blanks.iter().filter_map(|blank| Some((blank.name, (blank.spelled)(&value(blank)?)))).collect()
}

/// A text with its blanks filled; `None` if one is not.
pub fn fill(base: &str, blanks: &Fillings) -> Option<String> {
    let filled = blanks.iter().fold(base.to_owned(), |base, (name, value)| base.replace(&format!("{{{name}}}"), value));
    (!filled.contains('{')).then_some(filled)
}

impl Blank {
    /// What fills it if the operator says nothing where it is needed.
    pub fn usual(&self, env: impl Fn(&str) -> Option<String>) -> Option<String> {
        first_set(self.env, &env).or_else(|| self.default.map(str::to_owned))
    }
}

/// The first variable that is set to something; an empty variable counts as not set.
fn first_set(names: &[&str], env: &impl Fn(&str) -> Option<String>) -> Option<String> {
    names.iter().filter_map(|name| env(name)).map(|value| value.trim().to_owned()).find(|value| !value.is_empty())
}

#[cfg(test)]
mod tests;
