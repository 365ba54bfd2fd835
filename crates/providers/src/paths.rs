//! Where requests go behind a provider's base, if that is not where its dialect has them.

use http::Uri;

/// What fills blanks, by their names.
pub type Fillings = Vec<(&'static str, String)>;

/// One way of making paths. Of all ways of a provider the first counts whose condition holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PathForm {
    /// The dialect that is spoken there, by its name; any, if it is empty.
    pub dialect: &'static str,
    /// When it counts.
    pub when: When,
    /// The path behind the base: `{path}` stands for the dialect's own, `{model}` for the model, other words in braces for
    /// the provider's blanks.
    pub form: &'static str,
    /// The path of the list of models.
    pub listing: &'static str,
}

/// When a way of making paths counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Always.
    Always,
    /// The base has this in its path.
    BaseHas(&'static str),
    /// The host ends with this.
    HostEnds(&'static str),
    /// A blank is filled with one of these.
    Filled(&'static str, &'static [&'static str]),
}

impl When {
    /// Whether it holds for a base and the values of the blanks.
    fn holds(self, base: &Uri, blanks: &[(&'static str, String)]) -> bool {
        match self {
            When::Always => true,
            When::BaseHas(part) => base.path().contains(part),
            When::HostEnds(end) => base.host().is_some_and(|host| host.to_ascii_lowercase().ends_with(end)),
            When::Filled(name, values) => {
                blanks.iter().any(|(blank, value)| *blank == name && values.contains(&value.as_str()))
            }
        }
    }
}

/// How the paths of a deployment are made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Paths {
    /// By dialect, with everything but `{path}` and `{model}` filled; where there is none, the dialect's own counts.
    forms: Vec<(&'static str, String, String)>,
}

impl Paths {
    /// Those of a provider whose base and blanks are known.
    pub fn of(forms: &[PathForm], base: &str, blanks: &[(&'static str, String)]) -> Self {
        let Ok(base) = base.parse::<Uri>() else { return Paths::default() };
        let filled = |form: &str| {
            blanks.iter().fold(form.to_owned(), |form, (name, value)| form.replace(&format!("{{{name}}}"), value))
        };
        let mut found = Vec::<(&'static str, String, String)>::new();
        for form in forms.iter().filter(|form| form.when.holds(&base, blanks)) {
            if !found.iter().any(|(dialect, ..)| *dialect == form.dialect || dialect.is_empty()) {
                found.push((form.dialect, filled(form.form), filled(form.listing)));
            }
        }
        Paths { forms: found }
    }

    /// The path of a request, whose dialect has it at `path`.
    pub fn path(&self, dialect: &str, path: String, model: &str) -> String {
        match self.find(dialect) {
            Some((form, _)) => {
                let form = form.replace("{path}", &path);
                if form.contains("{model}") { form.replace("{model}", &segment(model)) } else { form }
            }
            None => path,
        }
    }

    /// The path of the list of models, which the dialect has at `listing`.
    pub fn listing<'a>(&'a self, dialect: &str, listing: &'a str) -> &'a str {
        self.find(dialect).map_or(listing, |(_, own)| own)
    }

    fn find(&self, dialect: &str) -> Option<(&str, &str)> {
        let fits = |form: &&(&'static str, String, String)| form.0 == dialect || form.0.is_empty();
        self.forms.iter().find(fits).map(|(_, form, listing)| (form.as_str(), listing.as_str()))
    }
}

/// A name as one segment of a path.
fn segment(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    name.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::find;

    fn path(id: &str, dialect: &str, base: &str, version: &str, dialects_own: &str) -> String {
        let blanks = [("api_version", version.to_owned())];
        let provider = find(id).expect("there is such a provider");
        Paths::of(provider.paths, base, &blanks).path(dialect, dialects_own.to_owned(), "my gpt/4")
    }

    #[test]
    fn azure_has_a_deployment_in_the_path_and_a_version_behind_it() {
        let check = |dialect, base, version, expected: &str| {
            let own = if dialect == "responses" { "/responses" } else { "/chat/completions" };
            assert_eq!(path("azure", dialect, base, version, own), expected, "{base} {version}");
        };
        let (home, classic) = ("https://x.openai.azure.com", "2024-10-21");
        let expected = "/openai/deployments/my%20gpt%2F4/chat/completions?api-version=2024-10-21";
        check("openai", home, classic, expected);
        check("openai", "https://x.openai.azure.com/openai/v1", classic, "/chat/completions");
        check("openai", home, "preview", "/openai/v1/chat/completions?api-version=preview");
        check("openai", home, "v1", "/openai/v1/chat/completions");
        let named = "https://x.openai.azure.com/openai/deployments/mine";
        check("openai", named, classic, "/chat/completions?api-version=2024-10-21");
        check("responses", home, classic, "/openai/v1/responses");
        check("responses", "https://x.openai.azure.com/openai/v1", classic, "/responses");
    }

    #[test]
    fn foundry_serves_models_of_all_makers_at_one_path() {
        let check = |base, expected: &str| {
            assert_eq!(path("azure_ai", "openai", base, "2024-05-01-preview", "/chat/completions"), expected, "{base}");
        };
        check("https://x.services.ai.azure.com", "/models/chat/completions?api-version=2024-05-01-preview");
        check("https://x.services.ai.azure.com/models", "/chat/completions?api-version=2024-05-01-preview");
        check("https://x.services.ai.azure.com/openai/v1", "/chat/completions");
        check("https://x.eastus2.models.ai.azure.com", "/chat/completions");
    }

    #[test]
    fn without_a_form_the_dialect_knows() {
        let paths = Paths::default();
        assert_eq!(paths.path("openai", "/chat/completions".to_owned(), "m"), "/chat/completions");
        assert_eq!(paths.listing("openai", "/models"), "/models");
    }
}
