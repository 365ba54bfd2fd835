//! What a row of the provider table says, and the little language the rows are written in.
//!
//! A row holds facts only. Where a provider needs code, the code reads a field of the row, never its name.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dialects::{Quirks, RerankForm, VectorForm};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::paths::PathForm;

/// A vendor, an engine or another gateway that can be called upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Provider {
    /// The name used in configuration: the part of `provider/model` before the first slash.
    pub id: &'static str,
    /// The name its own people use.
    pub display_name: &'static str,
    /// Where requests go if nobody says otherwise, without a trailing slash; the dialect's path follows. Parts
    /// in braces are filled from `blanks`. `None`: the operator must name the server.
    pub api_base: Option<&'static str>,
    /// How the parts in braces of `api_base` and `paths` are filled.
    pub blanks: &'static [Blank],
    /// Where requests go behind the base, if not where the dialect has them.
    pub paths: &'static [PathForm],
    /// Models that are spoken to in another way, by the beginnings of their names.
    pub families: &'static [(&'static str, &'static Provider)],
    /// How it is spoken to at bases that have this in their path.
    pub bases: &'static [(&'static str, &'static Provider)],
    /// Beginnings of models' names that say how they are spoken to, and are no part of the name.
    pub routes: &'static [&'static str],
    /// Path that every base of this provider ends with, even if the operator left it out.
    pub base_tail: &'static str,
    /// Keys of `litellm_params` that may name another base, beside the usual ones.
    pub base_params: &'static [&'static str],
    /// Environment variables that may name another base, first set one wins.
    pub base_env: &'static [&'static str],
    /// Environment variables that may hold the key, first set one wins.
    pub key_env: &'static [&'static str],
    /// Environment variables whose values make up the key together, with a colon between them, if it has such parts.
    pub key_parts: &'static [&'static str],
    /// Headers that the operator or the environment fills.
    pub headers: &'static [(&'static str, Blank)],
    /// Fields of which each request has one, whatever the caller says: the first that the operator or the environment fills.
    pub body: &'static [Blank],
    /// Where the key goes in a request.
    pub auth: Auth,
    /// Where it goes at hosts that end like this.
    pub auth_at: &'static [(&'static str, Auth)],
    /// A token that may take the place of the key, as `Authorization: Bearer`.
    pub token: Option<Blank>,
    /// How such tokens are fetched, if they can be.
    pub sign_in: Option<SignIn>,
    /// Whether a call without a key makes sense.
    pub key_optional: bool,
    /// The wire format, by its name in `dialects::BACKS`.
    pub dialect: &'static str,
    /// What it does differently from its dialect. Neither `max_tokens` nor `max_completion_tokens` set means
    /// that both words are understood, and the caller's own goes upstream.
    pub quirks: Quirks,
    /// What another server does differently that is called by this id and an address of its own, if its owner
    /// only means that it speaks the dialect (`openai/MODEL` with an `api_base`).
    pub elsewhere: Option<Quirks>,
    /// What it serves under its base without help from a bridge.
    pub endpoints: Endpoints,
    /// Usually a server of the operator's own: may need minutes to load a model before the first byte, and
    /// has no price per token.
    pub local: bool,
    /// Whether its answers say what the call cost, in US dollars.
    pub states_costs: bool,
    /// Whether it makes conversations short itself: OpenAI's `/responses/compact`.
    pub compacts: bool,
    /// Its name in OpenTelemetry's conventions, if that is not its id.
    pub traced_as: Option<&'static str>,
    /// One remark for readers of the table; may be empty.
    pub note: &'static str,
}

/// Where the key goes in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Auth {
    /// `Authorization: Bearer KEY`.
    Bearer,
    /// `Authorization`, with a word of its own before the key.
    Scheme(&'static str),
    /// `Authorization: Basic`, with a name and a password: a key without a colon is a name without a password.
    Basic,
    /// A header of its own that holds nothing but the key.
    Header(&'static str),
    /// `Authorization: Bearer KEY`, and a header that says what kind of key it is.
    Typed(&'static TypedKey),
    /// No key at all.
    None,
}

/// How the kind of a key is told from its look.
#[derive(Debug, PartialEq, Eq)]
pub struct TypedKey {
    /// The header that says it.
    pub header: &'static str,
    /// Beginnings that are no part of the key, and the kinds that they stand for.
    pub marks: &'static [(&'static str, &'static str)],
    /// The kind of a key that is a JSON web token.
    pub web_token: &'static str,
}

impl TypedKey {
    /// The key without its mark, and its kind, if it has one.
    fn split<'k>(&self, key: &'k str) -> (&'k str, Option<&'static str>) {
        let marked = self.marks.iter().find_map(|(mark, kind)| Some((key.strip_prefix(mark)?, Some(*kind))));
        let is_web_token = key.starts_with("eyJ") && key.split('.').count() == 3;
        marked.unwrap_or((key, is_web_token.then_some(self.web_token)))
    }
}

impl Auth {
    /// Puts `key` where this provider looks for it, in place of any key that is there. The error says why the key
    /// cannot be sent; it does not repeat the key.
    pub fn set_key(self, key: &str, headers: &mut HeaderMap) -> Result<(), String> {
        let (name, text) = match self {
            Auth::None => return Ok(()),
            Auth::Bearer => (AUTHORIZATION, format!("Bearer {key}")),
            Auth::Scheme(word) => (AUTHORIZATION, format!("{word} {key}")),
            Auth::Basic => {
                let colon = if key.contains(':') { "" } else { ":" };
                (AUTHORIZATION, format!("Basic {}", STANDARD.encode(format!("{key}{colon}"))))
            }
            Auth::Typed(kinds) => {
                let (key, kind) = kinds.split(key);
                match kind {
                    Some(kind) => {
                        headers.insert(HeaderName::from_static(kinds.header), HeaderValue::from_static(kind));
                    }
                    None => {
                        headers.remove(kinds.header);
                    }
                }
                (AUTHORIZATION, format!("Bearer {key}"))
            }
            Auth::Header(name) => (HeaderName::from_static(name), key.to_owned()),
        };
        let mut value = HeaderValue::from_str(&text).map_err(|_| "the key has characters that no header may have")?;
        value.set_sensitive(true);
        headers.insert(name, value);
        Ok(())
    }
}

/// How tokens are fetched that take the place of a key for an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignIn {
    /// A form with the operator's id and secret.
    Form {
        /// Where it is sent, with blanks.
        url: &'static str,
        /// Headers that go along, with blanks. What follows `Basic ` is encoded.
        headers: &'static [(&'static str, &'static str)],
        /// Its fields, with blanks.
        fields: &'static [(&'static str, &'static str)],
        /// What fills them: without one of these nobody signs in.
        blanks: &'static [Blank],
    },
    /// Microsoft's Entra ID: an application with its secret, a person, a workload that the cluster vouches for, or the
    /// machine, as the blanks `tenant_id`, `client_id`, `client_secret`, `username`, `password`, `token_file`, `scope`,
    /// `authority` and `credential` say.
    Entra {
        /// What is known of them.
        blanks: &'static [Blank],
    },
    /// Google's credentials: a service account, a person's, or those of the machine.
    Google {
        /// The credentials themselves as JSON, or the name of the file that has them.
        credentials: Blank,
        /// What the token is for.
        scope: &'static str,
    },
    /// A user's key in Oracle's cloud: requests are signed with it, as the blanks `tenancy`, `user`, `fingerprint`, and
    /// `key` or `key_file` say.
    Oracle {
        /// What is known of them.
        blanks: &'static [Blank],
    },
    /// A credential of Amazon's cloud: requests are signed with it, in the region that the blank `region` names.
    Aws {
        /// What they are signed for.
        service: &'static str,
    },
}

/// A part in braces of a URL, or another text that the operator gives.
#[derive(Clone, Copy, Debug)]
pub struct Blank {
    /// The word between the braces.
    pub name: &'static str,
    /// The key of `litellm_params` that fills it before anything else; none, if it is empty.
    pub param: &'static str,
    /// The field of a query behind the base that fills it as well; none, if it is empty.
    pub query: &'static str,
    /// Environment variables that may fill it, first set one wins.
    pub env: &'static [&'static str],
    /// What fills it from the name of the model, if the operator says nothing; nothing, if there is no such thing.
    pub in_model: fn(&str) -> Option<&str>,
    /// What fills it otherwise.
    pub default: Option<&'static str>,
    /// How what was found is written.
    pub spelled: fn(&str) -> String,
}

impl SignIn {
    /// Whether the provider's key is what is exchanged for a token, and is shown to nobody else.
    pub fn exchanges_key(&self) -> bool {
        match self {
            SignIn::Form { blanks, .. } => blanks.iter().any(|blank| blank.param == "api_key"),
            SignIn::Entra { .. } | SignIn::Google { .. } | SignIn::Oracle { .. } | SignIn::Aws { .. } => false,
        }
    }
}

impl PartialEq for Blank {
    fn eq(&self, other: &Self) -> bool {
        (self.name, self.param, self.query, self.env, self.default)
            == (other.name, other.param, other.query, other.env, other.default)
    }
}

impl Eq for Blank {}

impl Blank {
    /// A blank that a key of `litellm_params` fills, or one of these variables.
    pub(crate) const fn new(name: &'static str, param: &'static str, env: &'static [&'static str]) -> Self {
        Blank { name, param, query: "", env, in_model: no_part, default: None, spelled: str::to_owned }
    }

    pub(crate) const fn or(self, default: &'static str) -> Self {
        Blank { default: Some(default), ..self }
    }
}

fn no_part(_: &str) -> Option<&str> {
    None
}

/// Something a provider serves. `Chat`, `Completions` and `Embeddings` are meant in the provider's dialect, the
/// others in the shape that made them common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// Chat answers.
    Chat,
    /// Legacy text completions.
    Completions,
    /// Embedding vectors.
    Embeddings,
    /// OpenAI's `/responses`.
    Responses,
    /// Anthropic's `/messages`.
    Messages,
    /// OpenAI's `/images/generations`.
    Images,
    /// OpenAI's `/audio/transcriptions`.
    Transcriptions,
    /// OpenAI's `/audio/speech`.
    Speech,
    /// Cohere's and Jina's `/rerank`.
    Rerank,
    /// OpenAI's `/moderations`.
    Moderations,
    /// OpenAI's `/files`.
    Files,
    /// OpenAI's `/batches`.
    Batches,
}

impl Endpoint {
    /// All endpoints with their names in documentation and configuration.
    pub const ALL: [(Endpoint, &'static str); 12] = [
        (Endpoint::Chat, "chat"),
        (Endpoint::Completions, "completions"),
        (Endpoint::Embeddings, "embeddings"),
        (Endpoint::Responses, "responses"),
        (Endpoint::Messages, "messages"),
        (Endpoint::Images, "images"),
        (Endpoint::Transcriptions, "transcriptions"),
        (Endpoint::Speech, "speech"),
        (Endpoint::Rerank, "rerank"),
        (Endpoint::Moderations, "moderations"),
        (Endpoint::Files, "files"),
        (Endpoint::Batches, "batches"),
    ];
}

/// A set of [`Endpoint`]s.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Endpoints(u16);

impl Endpoints {
    /// The set of the listed endpoints.
    pub const fn of(list: &[Endpoint]) -> Self {
        let mut bits = 0;
        let mut at = 0;
        while at < list.len() {
            bits |= 1 << list[at] as u16;
            at += 1;
        }
        Endpoints(bits)
    }

    /// Whether `endpoint` is in the set.
    pub const fn has(self, endpoint: Endpoint) -> bool {
        self.0 & (1 << endpoint as u16) != 0
    }

    /// The names of the endpoints in the set, in the order of [`Endpoint::ALL`].
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Endpoint::ALL.iter().filter(move |(endpoint, _)| self.has(*endpoint)).map(|(_, name)| *name)
    }
}

/// Knows `max_tokens` only: the most portable assumption about a server that merely calls itself compatible.
pub(crate) const PORTABLE: Quirks = Quirks { max_tokens: true, ..BOTH };

/// Knows `max_completion_tokens` only.
pub(crate) const NEWER: Quirks = Quirks { max_completion_tokens: true, ..BOTH };

/// OpenAI itself.
pub(crate) const OPENAI: Quirks = Quirks { developer_role: true, token_ids: true, ..NEWER };

/// Knows both words for the output limit, or has its own and asks the model catalogue.
pub(crate) const BOTH: Quirks = Quirks {
    max_tokens: false,
    max_completion_tokens: false,
    string_content: false,
    developer_role: false,
    no_stream_options: false,
    store_false: false,
    keep_reasoning: false,
    reasoning_field: false,
    top_k: false,
    cache_control: false,
    cache_breakpoints: false,
    body_version: None,
    office_documents: false,
    short_call_ids: false,
    token_ids: false,
    rerank: RerankForm::Jina,
    vectors: VectorForm::Batch,
};

/// A row as most of them are: OpenAI's dialect, a bearer key, chat. The table says what differs.
pub(crate) const fn row(id: &'static str, display_name: &'static str) -> Provider {
    Provider {
        id,
        display_name,
        api_base: None,
        blanks: &[],
        paths: &[],
        families: &[],
        bases: &[],
        routes: &[],
        base_params: &[],
        base_tail: "",
        base_env: &[],
        key_env: &[],
        key_parts: &[],
        headers: &[],
        body: &[],
        auth: Auth::Bearer,
        auth_at: &[],
        token: None,
        sign_in: None,
        key_optional: false,
        dialect: "openai",
        quirks: PORTABLE,
        elsewhere: None,
        endpoints: Endpoints::of(&[Endpoint::Chat]),
        local: false,
        states_costs: false,
        compacts: false,
        traced_as: None,
        note: "",
    }
}

/// The words of the table; each sets one field.
impl Provider {
    pub(crate) const fn base(self, base: &'static str) -> Self {
        Provider { api_base: Some(base), ..self }
    }

    pub(crate) const fn blanks(self, blanks: &'static [Blank]) -> Self {
        Provider { blanks, ..self }
    }

    pub(crate) const fn paths(self, paths: &'static [PathForm]) -> Self {
        Provider { paths, ..self }
    }

    pub(crate) const fn families(self, families: &'static [(&'static str, &'static Provider)]) -> Self {
        Provider { families, ..self }
    }

    pub(crate) const fn bases(self, bases: &'static [(&'static str, &'static Provider)]) -> Self {
        Provider { bases, ..self }
    }

    pub(crate) const fn routes(self, routes: &'static [&'static str]) -> Self {
        Provider { routes, ..self }
    }

    pub(crate) const fn headers(self, headers: &'static [(&'static str, Blank)]) -> Self {
        Provider { headers, ..self }
    }

    pub(crate) const fn base_params(self, base_params: &'static [&'static str]) -> Self {
        Provider { base_params, ..self }
    }

    pub(crate) const fn auth_at(self, auth_at: &'static [(&'static str, Auth)]) -> Self {
        Provider { auth_at, ..self }
    }

    pub(crate) const fn sign_in(self, sign_in: SignIn) -> Self {
        Provider { sign_in: Some(sign_in), ..self }
    }

    pub(crate) const fn token(self, token: Blank) -> Self {
        Provider { token: Some(token), ..self }
    }

    pub(crate) const fn tail(self, base_tail: &'static str) -> Self {
        Provider { base_tail, ..self }
    }

    pub(crate) const fn base_env(self, base_env: &'static [&'static str]) -> Self {
        Provider { base_env, ..self }
    }

    pub(crate) const fn key_env(self, key_env: &'static [&'static str]) -> Self {
        Provider { key_env, ..self }
    }

    pub(crate) const fn key_parts(self, key_parts: &'static [&'static str]) -> Self {
        Provider { key_parts, ..self }
    }

    pub(crate) const fn auth(self, auth: Auth) -> Self {
        Provider { auth, ..self }
    }

    pub(crate) const fn key_optional(self) -> Self {
        Provider { key_optional: true, ..self }
    }

    pub(crate) const fn dialect(self, dialect: &'static str) -> Self {
        Provider { dialect, quirks: BOTH, ..self }
    }

    pub(crate) const fn quirks(self, quirks: Quirks) -> Self {
        Provider { quirks, ..self }
    }

    pub(crate) const fn elsewhere(self, elsewhere: Quirks) -> Self {
        Provider { elsewhere: Some(elsewhere), ..self }
    }

    pub(crate) const fn serves(self, endpoints: &[Endpoint]) -> Self {
        Provider { endpoints: Endpoints::of(endpoints), ..self }
    }

    /// A server of the operator's own: no key needed.
    pub(crate) const fn local(self) -> Self {
        Provider { local: true, key_optional: true, quirks: Quirks { top_k: true, ..self.quirks }, ..self }
    }

    pub(crate) const fn states_costs(self) -> Self {
        Provider { states_costs: true, ..self }
    }

    /// Besides `/responses` it has `/responses/compact`.
    pub(crate) const fn compacts(self) -> Self {
        Provider { compacts: true, ..self }
    }

    pub(crate) const fn traced_as(self, name: &'static str) -> Self {
        Provider { traced_as: Some(name), ..self }
    }

    pub(crate) const fn note(self, note: &'static str) -> Self {
        Provider { note, ..self }
    }
}
