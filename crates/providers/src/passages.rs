//! Prefixes behind which a provider's own API is served as it is: which provider, and where its root is.

use crate::provider::{Blank, SignIn, row};
use crate::{Auth, Provider, find};

/// A prefix of paths, and whose API is behind it.
#[derive(Clone, Copy, Debug)]
pub struct Passage {
    /// The prefix, with a leading slash.
    pub prefix: &'static str,
    /// The id under which deployments lend their credential.
    pub id: &'static str,
    /// Further ids whose deployments do.
    pub also: &'static [&'static str],
    /// How the API itself is reached, if not as the provider table says.
    own: Option<&'static Provider>,
    /// Where a call goes, if not to one place alone.
    pub hosts: Hosts,
    /// Whether it has chats and vectors of Cohere's own shape.
    pub has_coheres: bool,
    /// What stands before the name of an operation in `x-amz-target`, where a path that is nothing but that name means it
    /// (AWS JSON 1.1: all operations are at the root).
    pub target: Option<&'static str>,
}

/// Where the calls of a passage go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hosts {
    /// To one place.
    One,
    /// To the host of the location that the path names (Vertex AI).
    ByLocation,
    /// To the host of models, or to that of agents, in one region (Bedrock).
    ByService,
}

impl Passage {
    const fn new(prefix: &'static str, id: &'static str) -> Self {
        Passage { prefix, id, also: &[], own: None, hosts: Hosts::One, has_coheres: false, target: None }
    }

    const fn also(self, also: &'static [&'static str]) -> Self {
        Passage { also, ..self }
    }

    const fn own(self, own: &'static Provider) -> Self {
        Passage { own: Some(own), ..self }
    }

    const fn hosts(self, hosts: Hosts) -> Self {
        Passage { hosts, ..self }
    }

    const fn target(self, target: &'static str) -> Self {
        Passage { target: Some(target), ..self }
    }

    const fn with_coheres(self) -> Self {
        Passage { has_coheres: true, ..self }
    }

    /// How it is reached with nothing but the environment.
    pub fn provider(&self) -> Option<&'static Provider> {
        self.own.or_else(|| find(self.id))
    }

    /// Whether deployments of this provider lend their credential.
    pub fn takes(&self, provider: &str) -> bool {
        self.id == provider || self.also.contains(&provider)
    }

    /// Whether keys may stand in the query, as Google's clients write them.
    pub fn has_key_in_query(&self) -> bool {
        self.provider().is_some_and(|provider| provider.dialect == "gemini")
    }
}

static ASSEMBLYAI: Provider = assemblyai("https://api.assemblyai.com");
static ASSEMBLYAI_EU: Provider = assemblyai("https://api.eu.assemblyai.com");

const fn assemblyai(base: &'static str) -> Provider {
    row("assemblyai", "AssemblyAI").base(base).key_env(&["ASSEMBLYAI_API_KEY"]).auth(Auth::Header("authorization"))
}

static MILVUS: Provider =
    row("milvus", "Milvus").base_env(&["MILVUS_API_BASE"]).key_env(&["MILVUS_API_KEY"]).key_optional();

/// Cursor's agents in the cloud: the key is a name without a password.
static CURSOR: Provider = row("cursor", "Cursor")
    .base("https://api.cursor.com")
    .base_env(&["CURSOR_API_BASE"])
    .key_env(&["CURSOR_API_KEY"])
    .auth(Auth::Basic);

/// Pictures and films, at once; what is made in the background has another host.
static FAL_AI: Provider = row("fal_ai", "fal")
    .base("https://fal.run")
    .base_env(&["FAL_AI_API_BASE"])
    .key_env(&["FAL_AI_API_KEY"])
    .auth(Auth::Scheme("Key"));

/// Langfuse: a public key is the name, a secret one the password.
static LANGFUSE: Provider = row("langfuse", "Langfuse")
    .base("https://cloud.langfuse.com")
    .base_env(&["LANGFUSE_HOST"])
    .key_parts(&["LANGFUSE_PUBLIC_KEY", "LANGFUSE_SECRET_KEY"])
    .auth(Auth::Basic);

/// TinyFish's agents, which use the web.
static TINYFISH: Provider = row("tinyfish", "TinyFish")
    .base("https://agent.tinyfish.ai")
    .base_env(&["TINYFISH_API_BASE"])
    .key_env(&["TINYFISH_API_KEY"])
    .auth(Auth::Header("x-api-key"));

static TYPESAFE: Provider = row("typesafe", "Typesafe")
    .base("https://api.typesafe.ai")
    .base_env(&["TYPESAFE_API_BASE"])
    .key_env(&["TYPESAFE_API_KEY"]);

/// Speech of Azure, whose host depends on the resource and on what is asked for.
static AZURE_SPEECH: Provider = row("azure_speech", "Azure Speech")
    .base_env(&["AZURE_SPEECH_API_BASE"])
    .key_env(&["AZURE_SPEECH_API_KEY"])
    .auth(Auth::Header("ocp-apim-subscription-key"));

static TRANSCRIBE: Provider = row("transcribe", "Amazon Transcribe")
    .base("https://transcribe.{region}.amazonaws.com")
    .base_env(&["AWS_ENDPOINT_URL_TRANSCRIBE"])
    .blanks(&[REGION])
    .sign_in(SignIn::Aws { service: "transcribe" });
static COMPREHEND_MEDICAL: Provider = row("comprehendmedical", "Amazon Comprehend Medical")
    .base("https://comprehendmedical.{region}.amazonaws.com")
    .base_env(&["AWS_ENDPOINT_URL_COMPREHENDMEDICAL"])
    .blanks(&[REGION])
    .sign_in(SignIn::Aws { service: "comprehendmedical" });

const REGION: Blank =
    Blank::new("region", "aws_region_name", &["AWS_REGION_NAME", "AWS_REGION", "AWS_DEFAULT_REGION"]).or("us-west-2");

/// All of them.
#[rustfmt::skip]
static PASSAGES: &[Passage] = &[
    Passage::new("/anthropic", "anthropic"),
    Passage::new("/assemblyai", "assemblyai").own(&ASSEMBLYAI),
    Passage::new("/azure", "azure").also(&["azure_text"]),
    Passage::new("/azure_ai", "azure_ai"),
    Passage::new("/azure_speech", "azure_speech").own(&AZURE_SPEECH),
    Passage::new("/bedrock", "bedrock").also(&["bedrock_converse"]).hosts(Hosts::ByService),
    Passage::new("/cohere", "cohere").also(&["cohere_chat"]).with_coheres(),
    Passage::new("/comprehendmedical", "comprehendmedical").own(&COMPREHEND_MEDICAL).target("ComprehendMedical_20181030."),
    Passage::new("/cursor", "cursor").own(&CURSOR),
    Passage::new("/eu.assemblyai", "assemblyai").own(&ASSEMBLYAI_EU),
    Passage::new("/fal_ai", "fal_ai").own(&FAL_AI),
    Passage::new("/gemini", "gemini"),
    Passage::new("/gigachat", "gigachat"),
    Passage::new("/langfuse", "langfuse").own(&LANGFUSE),
    Passage::new("/milvus", "milvus").own(&MILVUS),
    Passage::new("/mistral", "mistral"),
    Passage::new("/nvidia_nim", "nvidia_nim"),
    Passage::new("/openai", "openai"),
    Passage::new("/openai_passthrough", "openai"),
    Passage::new("/openrouter", "openrouter"),
    Passage::new("/tinyfish", "tinyfish").own(&TINYFISH),
    Passage::new("/transcribe", "transcribe").own(&TRANSCRIBE).target("Transcribe."),
    Passage::new("/typesafe", "typesafe").own(&TYPESAFE),
    Passage::new("/vertex-ai", "vertex_ai").hosts(Hosts::ByLocation),
    Passage::new("/vertex_ai", "vertex_ai").hosts(Hosts::ByLocation),
    Passage::new("/vllm", "vllm").also(&["hosted_vllm"]),
    Passage::new("/watsonx", "watsonx"),
];

/// All prefixes behind which a provider's own API is served.
pub fn passages() -> &'static [Passage] {
    PASSAGES
}

/// First segments of paths that stand before the version of an API.
const BEFORE_VERSIONS: [&str; 2] = ["upload", "download"];

/// The path of a request behind a base: what both have in common at the seam is there once, and a path that names a
/// version of its own takes the place of the base's (`/v1beta` + `/v1/models` is `/v1/models`).
pub fn joined(base: &str, rest: &str) -> String {
    let rest = rest.trim_start_matches('/');
    let own: Vec<&str> = base.split('/').filter(|segment| !segment.is_empty()).collect();
    let given: Vec<&str> = rest.split('/').collect();
    let common = (1..=own.len().min(given.len())).rev().find(|count| own[own.len() - count..] == given[..*count]);
    let first = given.first().copied().unwrap_or_default();
    let replaced = match common {
        Some(count) => count,
        None if (is_version(first) || BEFORE_VERSIONS.contains(&first))
            && own.last().is_some_and(|last| is_version(last)) =>
        {
            1
        }
        None => 0,
    };
    let kept = own[..own.len() - replaced].iter().fold(String::new(), |path, segment| format!("{path}/{segment}"));
    format!("{kept}/{rest}")
}

/// Whether a segment of a path is the version of an API: `v1`, `v1beta`.
fn is_version(segment: &str) -> bool {
    segment.strip_prefix('v').is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_passage_has_a_provider() {
        for passage in passages() {
            assert!(passage.provider().is_some(), "{}", passage.prefix);
        }
    }

    #[test]
    fn paths_meet_bases_at_one_seam() {
        let check = |base: &str, rest: &str, expected: &str| assert_eq!(joined(base, rest), expected);
        check("/v1", "/v1/chat/completions", "/v1/chat/completions");
        check("/v1", "/chat/completions", "/v1/chat/completions");
        check("/v1beta", "/v1/models/m:generateContent", "/v1/models/m:generateContent");
        check("/v1beta", "/upload/v1beta/files", "/upload/v1beta/files");
        check("/v1beta", "/models", "/v1beta/models");
        check("/api/v1", "/api/v1/chat", "/api/v1/chat");
        check("/api/v1", "/v1/chat", "/api/v1/chat");
        check("", "/v1/messages", "/v1/messages");
        check("/mine", "/v1/messages", "/mine/v1/messages");
        check("/v1", "", "/v1/");
    }
}
