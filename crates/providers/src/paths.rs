//! Where requests go behind a provider's base, if that is not where its dialect has them.

use http::Uri;
use types::Operation;

/// What fills blanks, by their names.
pub type Fillings = Vec<(&'static str, String)>;

/// One way of making paths. Of all ways of a provider the first counts whose condition holds and that serves what is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PathForm {
    /// The dialect that is spoken there, by its name; any, if it is empty.
    pub dialect: &'static str,
    /// When it counts.
    pub when: When,
    /// The path behind the base: `{path}` stands for the dialect's own, `{model}` for the model, other words in braces for
    /// the provider's blanks.
    pub form: &'static str,
    /// What `{verb}` stands for: where the answer is whole, and where it is streamed.
    pub verbs: (&'static str, &'static str),
    /// The path of the list of models; the dialect's own, if it is empty.
    pub listing: &'static str,
    /// What is served there; all that the dialect has, if it is empty.
    pub serves: &'static [Operation],
}

impl PathForm {
    pub(crate) const fn new(form: &'static str) -> Self {
        PathForm { dialect: "", when: When::Always, form, verbs: ("", ""), listing: "", serves: &[] }
    }

    pub(crate) const fn when(self, when: When) -> Self {
        PathForm { when, ..self }
    }

    pub(crate) const fn serves(self, serves: &'static [Operation]) -> Self {
        PathForm { serves, ..self }
    }

    pub(crate) const fn verbs(self, whole: &'static str, streamed: &'static str) -> Self {
        PathForm { verbs: (whole, streamed), ..self }
    }

    /// Whether it counts where this dialect is spoken.
    fn is_for(&self, dialect: &str) -> bool {
        self.dialect.is_empty() || self.dialect == dialect
    }

    pub(crate) const fn listing(self, listing: &'static str) -> Self {
        PathForm { listing, ..self }
    }
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
pub struct Paths(Vec<Filled>);

/// A way of making paths whose blanks are filled but for `{path}`, `{model}` and `{verb}`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Filled {
    of: PathForm,
    form: String,
    listing: String,
}

impl Paths {
    /// Those of a provider whose base and blanks are known. The error is the name of a blank that nothing fills.
    pub fn of(forms: &[PathForm], base: &str, blanks: &[(&'static str, String)]) -> Result<Self, String> {
        let Ok(base) = base.parse::<Uri>() else { return Ok(Paths::default()) };
        let filled = |form: &str| {
            blanks
                .iter()
                .fold(form.to_owned(), |form, (name, value)| form.replace(&format!("{{{name}}}"), &segment(value)))
        };
        let mut found = Vec::<Filled>::new();
        for of in forms.iter().filter(|form| form.when.holds(&base, blanks)) {
            // What serves everything leaves nothing to those behind it.
            let covered = |known: &Filled| known.of.serves.is_empty() && known.of.is_for(of.dialect);
            if !found.iter().any(covered) {
                found.push(Filled { of: *of, form: filled(of.form), listing: filled(of.listing) });
            }
        }
        match found.iter().find_map(|filled| unfilled(&filled.form)) {
            Some(name) => Err(name),
            None => Ok(Paths(found)),
        }
    }

    /// The path of a request, whose dialect has it at `path`; `None` if it is not served.
    pub fn path(&self, dialect: &str, operation: Operation, path: String, model: &str, stream: bool) -> Option<String> {
        let mut forms = self.of_dialect(dialect).peekable();
        if forms.peek().is_none() {
            return Some(path);
        }
        let serves = |filled: &&Filled| filled.of.serves.is_empty() || filled.of.serves.contains(&operation);
        let Filled { of, form, .. } = forms.find(serves)?;
        let verb = if stream { of.verbs.1 } else { of.verbs.0 };
        let form = form.replace("{path}", &path).replace("{verb}", verb);
        Some(if form.contains("{model}") { form.replace("{model}", &segment(model)) } else { form })
    }

    /// The path of the list of models, which the dialect has at `listing`.
    pub fn listing<'a>(&'a self, dialect: &'a str, listing: &'a str) -> &'a str {
        let own = self.of_dialect(dialect).map(|filled| &*filled.listing).find(|own| !own.is_empty());
        own.unwrap_or(listing)
    }

    fn of_dialect<'p>(&'p self, dialect: &'p str) -> impl Iterator<Item = &'p Filled> {
        self.0.iter().filter(move |filled| filled.of.is_for(dialect))
    }
}

/// The first blank of a form that was to be filled.
fn unfilled(form: &str) -> Option<String> {
    let names = form.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0));
    names.filter(|name| !["path", "model", "verb"].contains(name)).map(str::to_owned).next()
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

    fn path(id: &str, dialect: &str, base: &str, version: &str, own: &str) -> String {
        let blanks = [("api_version", version.to_owned())];
        let provider = find(id).expect("there is such a provider");
        let paths = Paths::of(provider.paths, base, &blanks).expect("all blanks are filled");
        paths.path(dialect, Operation::Chat, own.to_owned(), "my gpt/4", false).expect("chats are served")
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
    fn vertex_has_project_region_and_maker_in_the_path() {
        let vertex = find("vertex_ai").expect("it is there");
        let blanks = vertex.fillings(|param| (param == "vertex_project").then(|| "my project".to_owned()), |_| None);
        let check = |model: &str, operation, stream, own: &str, expected: Option<&str>| {
            let provider = vertex.for_model(model);
            let paths = Paths::of(provider.paths, "https://x", &blanks).expect("all blanks are filled");
            let path = paths.path(provider.dialect, operation, own.to_owned(), model, stream);
            assert_eq!(path.as_deref(), expected, "{model}");
        };
        let gemini = "/v1/projects/my%20project/locations/us-central1/publishers/google/models/g:generateContent";
        check("g", Operation::Chat, false, "/models/g:generateContent", Some(gemini));
        check("g", Operation::Embedding, false, "/models/g:batchEmbedContents", None);
        let google = "/v1/projects/my%20project/locations/us-central1/publishers/google/models";
        let vectors = format!("{google}/text-embedding-005:predict");
        check("text-embedding-005", Operation::Embedding, false, "/x", Some(&vectors));
        check("text-embedding-005", Operation::Chat, false, "/x", None);
        let newest = format!("{google}/gemini-embedding-2:embedContent");
        check("gemini-embedding-2", Operation::Embedding, false, "/x", Some(&newest));
        let claude = "/v1/projects/my%20project/locations/us-central1/publishers/anthropic/models/claude-x%401";
        let whole = format!("{claude}:rawPredict");
        check("claude-x@1", Operation::Chat, false, "/v1/messages", Some(&whole));
        let streamed = format!("{claude}:streamRawPredict");
        check("claude-x@1", Operation::Chat, true, "/v1/messages", Some(&streamed));
        let parent = "/v1/projects/my%20project/locations/us-central1/publishers";
        let counted = format!("{parent}/anthropic/models/count-tokens:rawPredict");
        check("claude-x@1", Operation::CountTokens, false, "/v1/messages/count_tokens", Some(&counted));
        check("claude-x@1", Operation::Embedding, false, "/x", None);
        let mistral = format!("{parent}/mistralai/models/mistral-x%401:streamRawPredict");
        check("mistral-x@1", Operation::Chat, true, "/chat/completions", Some(&mistral));
        let jamba = format!("{parent}/ai21/models/jamba-x:rawPredict");
        check("jamba-x", Operation::Chat, false, "/chat/completions", Some(&jamba));
        let open = "/v1/projects/my%20project/locations/us-central1/endpoints/openapi/chat/completions";
        check("meta/llama-4", Operation::Chat, false, "/chat/completions", Some(open));
        let missing = vertex.fillings(|_| None, |_| None);
        assert_eq!(Paths::of(vertex.paths, "https://x", &missing), Err("project".to_owned()));
    }

    #[test]
    fn each_region_of_vertex_has_its_host() {
        let vertex = find("vertex_ai").expect("it is there");
        for (location, host) in [
            ("", "us-central1-aiplatform.googleapis.com"),
            ("europe-west4", "europe-west4-aiplatform.googleapis.com"),
            ("global", "aiplatform.googleapis.com"),
            ("eu", "aiplatform.eu.rep.googleapis.com"),
        ] {
            let given = |param: &str| (param == "vertex_location" && !location.is_empty()).then(|| location.to_owned());
            let fillings = vertex.fillings(given, |_| None);
            assert_eq!(vertex.base_url(&fillings, |_| None), Some(format!("https://{host}")));
        }
    }

    #[test]
    fn without_a_form_the_dialect_knows() {
        let paths = Paths::default();
        let path = paths.path("openai", Operation::Chat, "/chat/completions".to_owned(), "m", true);
        assert_eq!(path.as_deref(), Some("/chat/completions"));
        assert_eq!(paths.listing("openai", "/models"), "/models");
    }
}
