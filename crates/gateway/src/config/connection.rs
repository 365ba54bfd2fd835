//! How a deployment reaches its provider: address, key, headers.

use http::{HeaderMap, HeaderName, HeaderValue};
use providers::http::Endpoint;
use providers::{Auth, Fillings, Paths, Provider, SignIn};

use super::aws;
use super::environ::{Env, UNSET_REMEDY, unset};
use super::report::{Notes, Place};
use super::section::{Section, scalar, shown};
use super::sign_on::{self, Means, SignOn};
use super::tree::{Node, Value};

/// Address of providers that are never called over a network; the top-level domain cannot exist (RFC 2606).
const NOWHERE: &str = "http://built-in.invalid";

/// Headers that belong to the connection, not to the configuration.
const RESERVED: [&str; 6] = ["connection", "content-length", "content-type", "host", "te", "transfer-encoding"];

/// The blank that credentials may fill.
const PROJECT: &str = "project";
/// The blank that signatures are for.
const REGION: &str = "region";

/// How a provider is reached.
pub struct Connection {
    /// Where it listens.
    pub endpoint: Endpoint,
    /// Headers of every request, credential included.
    pub headers: HeaderMap,
    /// What takes the place of a key, if something does.
    pub means: Option<Means>,
    /// The region, if the provider has any.
    pub region: Option<String>,
    /// How the credential is shown.
    pub auth: Auth,
    /// Where requests go behind the address.
    pub paths: Paths,
}

/// What a connection is made from.
pub struct Wanted<'a, 't> {
    /// `litellm_params`.
    pub params: &'a Section<'t>,
    /// The entry of `credential_list` it names.
    pub credential: Option<&'a Section<'t>>,
    /// Who is called.
    pub provider: &'static Provider,
    /// The model as the provider calls it.
    pub model: &'a str,
    /// Whether answers are canned: nobody is called then.
    pub canned: bool,
}

/// What could be found in one place or another, and where.
struct Found {
    text: String,
    place: Place,
    path: String,
    /// Whether it came from the provider's own environment variables or the table.
    usual: bool,
}

impl Wanted<'_, '_> {
    /// Finds everything out; `None` if the provider cannot be reached, which is noted.
    pub fn connect(&self, env: &Env, notes: &mut Notes) -> Option<Connection> {
        let sign_on = self.sign_on(env, notes)?;
        let project = sign_on.as_ref().and_then(|sign_on| sign_on.project.clone());
        let (endpoint, usual_base, fillings) = self.endpoint(project, env, notes)?;
        let paths = match Paths::of(self.provider.paths, &endpoint.url(), &fillings) {
            Ok(paths) => paths,
            Err(name) => {
                self.miss(&name, notes);
                return None;
            }
        };
        let mut headers = HeaderMap::new();
        if let Some(organization) = self.params.text("organization") {
            let header = ("openai-organization", organization);
            add_header(&mut headers, header, self.params.place("organization"), &self.params.at("organization"), notes);
        }
        for (name, blank) in self.provider.headers {
            let value = self.given(blank.param).map(|found| found.text).or_else(|| blank.usual(|name| env.get(name)));
            if let Some(value) = value {
                let (place, path) = (self.params.place(blank.param), self.params.at(blank.param));
                add_header(&mut headers, (name, &value), place, &path, notes);
            }
        }
        let auth = match sign_on {
            Some(_) => Auth::Bearer,
            None => self.add_key(&mut headers, &endpoint, usual_base, env, notes),
        };
        for name in ["headers", "extra_headers"] {
            if let Some(Value::Map(entries)) = self.params.node(name).map(|node| &node.value) {
                entries.iter().for_each(|(header, node)| {
                    self.add_given_header(&mut headers, header, node, &self.params.at(name), notes);
                });
            }
        }
        let means = sign_on.map(|sign_on| sign_on.means);
        let region = fillings.into_iter().find(|(name, _)| *name == REGION).map(|(_, region)| region);
        Some(Connection { endpoint, headers, means, region, auth, paths })
    }

    /// The same, whose provider is spoken to as the address wants it that the operator or the environment names.
    pub fn spoken(self, env: &Env) -> Self {
        let given = ["api_base", "base_url"].iter().find_map(|name| self.text(name));
        let usual = || self.provider.base_env.iter().find_map(|name| env.get(name));
        let base = given.or_else(usual);
        Wanted { provider: base.map_or(self.provider, |base| self.provider.at_base(&base)), ..self }
    }

    /// What a key of `litellm_params` or of the credential says.
    pub fn text(&self, name: &str) -> Option<String> {
        self.given(name).map(|found| found.text)
    }

    /// From `litellm_params`, else from the credential.
    fn given(&self, name: &str) -> Option<Found> {
        let sections = [Some(self.params), self.credential].into_iter().flatten();
        sections.into_iter().find_map(|section| {
            let text = section.text(name)?.to_owned();
            Some(Found { text, place: section.place(name), path: section.at(name), usual: false })
        })
    }

    /// The address, whether it is the provider's usual one, and what fills the blanks of paths behind it.
    fn endpoint(&self, project: Option<String>, env: &Env, notes: &mut Notes) -> Option<(Endpoint, bool, Fillings)> {
        let provider = self.provider;
        let (place, path) = (self.params.place("model"), self.params.at("api_base"));
        let given = self.given("api_base").or_else(|| self.given("base_url"));
        let given = given.or_else(|| provider.base_params.iter().find_map(|name| self.given(name)));
        let mut queried = Vec::new();
        let given = given.map(|found| {
            let (bare, query) = provider.split_query(&found.text);
            queried = query;
            Found { text: provider.complete_base(&bare), ..found }
        });
        let said = |param: &str| {
            let in_query = || Some(queried.iter().find(|(name, _)| *name == param)?.1.clone());
            let in_model = || provider.in_model(param, self.model).map(str::to_owned);
            let in_profile = || {
                let signs = param == aws::REGION && matches!(provider.sign_in, Some(SignIn::Aws { .. }));
                let given = |name: &str| self.given(name).map(|found| found.text);
                signs.then(|| aws::region(&given, &|name| env.get(name))).flatten()
            };
            self.given(param).map(|found| found.text).or_else(in_query).or_else(in_model).or_else(in_profile)
        };
        let mut fillings = provider.fillings(said, |name| env.get(name));
        if !fillings.iter().any(|(name, _)| *name == PROJECT) {
            fillings.extend(project.map(|project| (PROJECT, project)));
        }
        let usual = || {
            let text = provider.base_url(&fillings, |name| env.get(name))?;
            Some(Found { text, place, path: path.clone(), usual: true })
        };
        let nowhere = || {
            let built_in = self.canned || provider.auth == Auth::None;
            built_in.then(|| Found { text: NOWHERE.to_owned(), place, path: path.clone(), usual: true })
        };
        let Some(base) = given.or_else(usual).or_else(nowhere) else {
            let message = format!("{} has no usual address", provider.display_name);
            let variable = provider.base_env.first().map(|name| format!(", or set {name}")).unwrap_or_default();
            notes.error(place, &path, message, format!("write e.g. api_base: http://localhost:8000/v1{variable}"));
            return None;
        };
        match Endpoint::parse(&base.text) {
            Ok(endpoint) => Some((endpoint, base.usual, fillings)),
            Err(error) => {
                notes.error(base.place, &base.path, error, "write e.g. api_base: http://localhost:8000/v1");
                None
            }
        }
    }

    /// How tokens are fetched in the place of a key: where the operator wrote down what that takes, or no key is known. `None`
    /// if what is written down cannot be used, which is noted.
    fn sign_on(&self, env: &Env, notes: &mut Notes) -> Option<Option<SignOn>> {
        let provider = self.provider;
        let exchanged = provider.sign_in.is_some_and(|sign_in| sign_in.exchanges_key());
        let has_key = self.given("api_key").is_some() && !exchanged || self.token(env).is_some();
        let wanted = sign_on::is_wanted(provider, |name| self.given(name).is_some());
        let is_keyed = !exchanged && provider.key(|name| env.get(name)).is_some();
        if self.canned || has_key || !wanted && is_keyed {
            return Some(None);
        }
        let said = |name: &str| self.given(name).map(|found| found.text).or_else(|| self.mapping(name));
        match sign_on::find(provider, said, |name| env.get(name)) {
            Ok(sign_on) => Some(sign_on),
            Err(trouble) => {
                let name = match provider.sign_in {
                    Some(SignIn::Google { credentials, .. }) => credentials.param,
                    Some(SignIn::Aws { .. }) => "aws_access_key_id",
                    Some(SignIn::Entra { .. }) => "azure_credential",
                    Some(SignIn::Oracle { .. }) => "oci_key_file",
                    _ => "api_key",
                };
                let remedy = match provider.sign_in {
                    Some(SignIn::Aws { .. }) => "write aws_access_key_id and aws_secret_access_key, or name a profile",
                    Some(SignIn::Oracle { .. }) => "name the file of a key in PEM form without a password",
                    Some(SignIn::Entra { .. }) => "write tenant_id, client_id and client_secret, or api_key",
                    _ => "name the file of a service account, or write down what is in it",
                };
                notes.error(self.params.place(name), &self.params.at(name), trouble, remedy);
                None
            }
        }
    }

    /// A mapping from `litellm_params`, else from the credential, as JSON.
    fn mapping(&self, name: &str) -> Option<String> {
        let sections = [Some(self.params), self.credential].into_iter().flatten();
        let mut nodes = sections.into_iter().filter_map(|section| section.node(name));
        nodes.find(|node| matches!(node.value, Value::Map(_))).map(Node::json)
    }

    /// Notes that something is missing without which nobody knows where requests go.
    fn miss(&self, blank: &str, notes: &mut Notes) {
        let blank = self.provider.blanks.iter().find(|one| one.name == blank);
        let (param, variables) = blank.map_or(("", &[][..]), |blank| (blank.param, blank.env));
        let message = format!("is missing, and without it nobody knows where {} is", self.provider.display_name);
        let remedy = format!("write it, or set {}", variables.join(" or "));
        notes.error(self.params.place("model"), &self.params.at(param), message, remedy);
    }

    /// Puts the credential where it belongs; says where that is.
    fn add_key(
        &self,
        headers: &mut HeaderMap,
        endpoint: &Endpoint,
        usual_base: bool,
        env: &Env,
        notes: &mut Notes,
    ) -> Auth {
        let provider = self.provider;
        if let Some(token) = self.token(env) {
            if let Err(error) = Auth::Bearer.set_key(&token.text, headers) {
                notes.error(token.place, &token.path, error, "check for line breaks and quotes");
            }
            return Auth::Bearer;
        }
        let auth = provider.auth_of(endpoint);
        let (place, path) = (self.params.place("model"), self.params.at("api_key"));
        let found = self.given("api_key").or_else(|| {
            let text = provider.key(|name| env.get(name))?;
            Some(Found { text, place, path: path.clone(), usual: true })
        });
        let Some(key) = found else {
            self.warn_without_key(endpoint, notes);
            return auth;
        };
        if key.usual && !usual_base && !provider.is_home(endpoint) {
            let variables = provider.key_env.join(" or ");
            let message = format!(
                "the key in {variables} is sent to {}, which is not {}'s",
                endpoint.url(),
                provider.display_name
            );
            notes.warn(place, &path, message, "write the api_key of that server, or api_key: none");
        }
        if let Err(error) = auth.set_key(&key.text, headers) {
            notes.error(key.place, &key.path, error, "check for line breaks and quotes");
        }
        auth
    }

    /// A token that takes the place of the key: one that is written down, or one of the environment if no key is.
    fn token(&self, env: &Env) -> Option<Found> {
        let token = self.provider.token?;
        let written = |name: &str| self.given(name);
        let usual = || {
            let text =
                token.usual(|name| env.get(name)).filter(|_| self.provider.key(|name| env.get(name)).is_none())?;
            Some(Found { text, place: self.params.place("model"), path: self.params.at(token.param), usual: true })
        };
        written(token.param).or_else(|| written("api_key").is_none().then(usual).flatten())
    }

    fn warn_without_key(&self, endpoint: &Endpoint, notes: &mut Notes) {
        let provider = self.provider;
        let path = self.params.at("api_key");
        let variable = self.params.variable("api_key").or_else(|| self.credential?.variable("api_key"));
        if let Some((variable, place)) = variable {
            notes.warn(place, &path, format!("{}: calls are sent without a key", unset(variable)), UNSET_REMEDY);
            return;
        }
        let needed = provider.auth != Auth::None && !provider.key_optional && provider.is_home(endpoint);
        if needed && !self.canned && !has_own_auth(self.params) {
            let variables = provider.key_env.join(" or ");
            let message = format!("no key for {}: its calls would be refused", provider.display_name);
            notes.warn(self.params.place("model"), &path, message, format!("set {variables}, or write api_key"));
        }
    }

    fn add_given_header(&self, headers: &mut HeaderMap, name: &str, node: &Node, path: &str, notes: &mut Notes) {
        let path = format!("{path}.{name}");
        match (&node.value, scalar(node)) {
            (Value::Unset(variable), _) => notes.warn(node.place, &path, unset(variable), UNSET_REMEDY),
            (_, Some(scalar)) => add_header(headers, (name, &scalar.text), node.place, &path, notes),
            _ => notes.error(
                node.place,
                &path,
                format!("expected a text, found {}", shown(node, true)),
                "quote the value",
            ),
        }
    }
}

/// Whether the operator writes the credential into a header by hand.
fn has_own_auth(params: &Section) -> bool {
    let names = ["headers", "extra_headers"];
    let maps = names.iter().filter_map(|name| params.node(name)).map(|node| &node.value);
    maps.into_iter().any(|value| match value {
        Value::Map(entries) => entries.iter().any(|(name, _)| name.to_ascii_lowercase().contains("auth")),
        _ => false,
    })
}

fn add_header(headers: &mut HeaderMap, header: (&str, &str), place: Place, path: &str, notes: &mut Notes) {
    let (name, text) = header;
    let Ok(name) = HeaderName::from_bytes(name.trim().as_bytes()) else {
        notes.error(place, path, "not the name of a header", "use letters, digits and dashes");
        return;
    };
    if RESERVED.contains(&name.as_str()) {
        notes.error(place, path, format!("{name} is set by the gateway itself"), "remove it");
        return;
    }
    match HeaderValue::from_str(text.trim()) {
        Ok(mut value) => {
            // It may well be a credential.
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        Err(_) => notes.error(place, path, "has characters that no header may have", "check for line breaks"),
    }
}

#[cfg(test)]
mod tests;
