//! The provider table: one row each, sorted by id. Adding a provider means adding a row here; a row with its own
//! auth or wire format waits until there is code for it.
//!
//! Bases and variable names are the vendors' own, as far as they publish them, and otherwise those that
//! LiteLLM made common. Loopback rows use the server's usual port.

use crate::Endpoint::*;
use crate::provider::{BOTH, NEWER, OPENAI, PORTABLE, row};
use crate::{Auth, Blank, Endpoint, PathForm, Provider, SignIn, TypedKey, When};
use dialects::{Quirks, RerankForm, VectorForm};
use types::Operation;

/// All providers, sorted by id.
pub fn all() -> &'static [Provider] {
    TABLE
}

/// The provider called `id`.
pub fn find(id: &str) -> Option<&'static Provider> {
    let at = TABLE.binary_search_by(|provider| provider.id.cmp(id)).ok()?;
    TABLE.get(at)
}

const CLOUDFLARE_ACCOUNT: Blank = Blank::new("account", "", &["CLOUDFLARE_ACCOUNT_ID"]);

/// The region that a model of Bedrock is called in, if its name says so: `us-west-2/...`, or as a resource (ARN).
fn region_in_model(model: &str) -> Option<&str> {
    let is_region = |word: &&str| {
        let parts: Vec<&str> = word.split('-').collect();
        let letters = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase());
        let number = parts.last().is_some_and(|part| part.len() == 1 && part.bytes().all(|byte| byte.is_ascii_digit()));
        (3..=4).contains(&parts.len()) && number && parts[..parts.len() - 1].iter().all(|part| letters(part))
    };
    let found = match model.strip_prefix("arn:") {
        Some(rest) => rest.split(':').nth(2),
        None => model.split_once('/').map(|(first, _)| first),
    };
    found.filter(is_region)
}

/// Bedrock has a host in each region.
const BEDROCK_REGION: Blank = Blank {
    in_model: region_in_model,
    ..Blank::new("region", "aws_region_name", &["AWS_REGION_NAME", "AWS_REGION", "AWS_DEFAULT_REGION"]).or("us-west-2")
};

const BEDROCK_BASE: &str = "https://bedrock-runtime.{region}.amazonaws.com";

/// Claude on Bedrock speaks Anthropic's own API too, where the operator wants that.
static BEDROCK_CLAUDE: Provider = bedrock("bedrock", "bedrock_anthropic").routes(&["invoke/"]).serves(&[Chat]);

/// Models of which the operator says that they are called by their maker's own API, and whose maker is Anthropic: by
/// themselves, or by the profile of a part of the world.
const BEDROCK_FAMILIES: &[(&str, &Provider)] = &[
    ("invoke/anthropic.", &BEDROCK_CLAUDE),
    ("invoke/us.anthropic.", &BEDROCK_CLAUDE),
    ("invoke/eu.anthropic.", &BEDROCK_CLAUDE),
    ("invoke/apac.anthropic.", &BEDROCK_CLAUDE),
    ("invoke/au.anthropic.", &BEDROCK_CLAUDE),
    ("invoke/jp.anthropic.", &BEDROCK_CLAUDE),
    ("invoke/global.anthropic.", &BEDROCK_CLAUDE),
    ("invoke/us-gov.anthropic.", &BEDROCK_CLAUDE),
];

const fn bedrock(id: &'static str, dialect: &'static str) -> Provider {
    row(id, "Amazon Bedrock")
        .dialect(dialect)
        .base(BEDROCK_BASE)
        .blanks(&[BEDROCK_REGION])
        .base_params(&["aws_bedrock_runtime_endpoint"])
        .base_env(&["AWS_BEDROCK_RUNTIME_ENDPOINT"])
        .key_env(&["AWS_BEARER_TOKEN_BEDROCK"])
        .sign_in(BEDROCK)
        .serves(&[Chat, Embeddings, Rerank, Images])
        .traced_as("aws.bedrock")
}

const SAGEMAKER_BASE: &str = "https://runtime.sagemaker.{region}.amazonaws.com";

/// Endpoints whose containers speak OpenAI's dialect.
const fn sagemaker(id: &'static str, name: &'static str) -> Provider {
    row(id, name)
        .dialect("sagemaker")
        .base(SAGEMAKER_BASE)
        .blanks(&[SAGEMAKER_REGION])
        .base_params(&["sagemaker_base_url"])
        .sign_in(SignIn::Aws { service: "sagemaker" })
        .traced_as("aws.sagemaker")
}

const SAGEMAKER_REGION: Blank =
    Blank::new("region", "aws_region_name", &["AWS_REGION_NAME", "AWS_REGION", "AWS_DEFAULT_REGION"]).or("us-west-2");

/// What the operator's key for IBM's cloud is exchanged for.
const IBM: SignIn = SignIn::Form {
    url: "{url}",
    headers: &[],
    fields: &[("grant_type", "urn:ibm:params:oauth:grant-type:apikey"), ("apikey", "{key}")],
    blanks: &[
        Blank::new("key", "api_key", &["WATSONX_APIKEY", "WATSONX_API_KEY", "WX_API_KEY"]),
        Blank::new("url", "", &["WATSONX_IAM_URL"]).or("https://iam.cloud.ibm.com/identity/token"),
    ],
};

/// IBM's versions are dates.
const IBM_VERSION: Blank = Blank { query: "version", ..Blank::new("api_version", "api_version", &[]).or("2025-02-06") };

const WATSONX: Provider = row("watsonx", "IBM watsonx.ai")
    .dialect("watsonx")
    .base("https://{region}.ml.cloud.ibm.com")
    .blanks(&[Blank::new("region", "watsonx_region_name", &["WATSONX_REGION"]).or("us-south"), IBM_VERSION])
    .paths(&[PathForm::new("{path}?version={api_version}")])
    .base_env(&["WATSONX_URL", "WATSONX_API_BASE"])
    .key_env(&["WATSONX_APIKEY", "WATSONX_API_KEY", "WX_API_KEY"])
    .token(Blank::new("token", "token", &["WATSONX_TOKEN"]))
    .sign_in(IBM);

/// Whose project or space pays for a model. A deployment is in one already.
const WATSONX_PAYERS: &[Blank] = &[
    Blank::new("project_id", "project_id", &["WATSONX_PROJECT_ID"]),
    Blank::new("space_id", "space_id", &["WATSONX_DEPLOYMENT_SPACE_ID"]),
];
static WATSONX_DEPLOYMENT: Provider = WATSONX;
const WATSONX_FAMILIES: &[(&str, &Provider)] = &[("deployment/", &WATSONX_DEPLOYMENT)];

/// GigaChat's key, which is an id and a secret already encoded, is exchanged for a token of half an hour.
const SBER: SignIn = SignIn::Form {
    url: "{url}",
    headers: &[("authorization", "{scheme} {key}"), ("rquid", "<each>")],
    fields: &[("scope", "{scope}")],
    blanks: &[
        Blank::new("key", "api_key", &["GIGACHAT_CREDENTIALS", "GIGACHAT_API_KEY"]),
        Blank::new("url", "", &["GIGACHAT_AUTH_URL"]).or("https://ngw.devices.sberbank.ru:9443/api/v2/oauth"),
        Blank::new("scope", "", &["GIGACHAT_SCOPE"]).or("GIGACHAT_API_PERS"),
        Blank::new("scheme", "", &[]).or("Basic"),
    ],
};

/// The workspace that an address is in.
fn origin(base: &str) -> String {
    let at = base.find("://").map_or(0, |at| at + 3);
    let end = base[at..].find('/').map_or(base.len(), |end| at + end);
    base[..end].to_owned()
}

/// A service principal of Databricks (OAuth between machines).
const DATABRICKS: SignIn = SignIn::Form {
    url: "{workspace}/oidc/v1/token",
    headers: &[("authorization", "Basic {client_id}:{client_secret}")],
    fields: &[("grant_type", "client_credentials"), ("scope", "all-apis")],
    blanks: &[
        Blank { spelled: origin, ..Blank::new("workspace", "api_base", &["DATABRICKS_API_BASE", "DATABRICKS_HOST"]) },
        Blank::new("client_id", "client_id", &["DATABRICKS_CLIENT_ID"]),
        Blank::new("client_secret", "client_secret", &["DATABRICKS_CLIENT_SECRET"]),
    ],
};

/// A user of Oracle's cloud, whose key signs.
const ORACLE: SignIn = SignIn::Oracle {
    blanks: &[
        Blank::new("tenancy", "oci_tenancy", &["OCI_TENANCY"]),
        Blank::new("user", "oci_user", &["OCI_USER"]),
        Blank::new("fingerprint", "oci_fingerprint", &["OCI_FINGERPRINT"]),
        Blank::new("key", "oci_key", &["OCI_KEY"]),
        Blank::new("key_file", "oci_key_file", &["OCI_KEY_FILE"]),
    ],
};
const OCI_COMPARTMENT: Blank = Blank::new("compartment", "oci_compartment_id", &["OCI_COMPARTMENT_ID"]);

/// Keys of Snowflake's are of several kinds.
static SNOWFLAKE_KEYS: TypedKey = TypedKey {
    header: "x-snowflake-authorization-token-type",
    marks: &[("pat/", "PROGRAMMATIC_ACCESS_TOKEN")],
    web_token: "KEYPAIR_JWT",
};

const BEDROCK: SignIn = SignIn::Aws { service: "bedrock" };

const MANTLE_REGION: Blank =
    Blank::new("region", "aws_region_name", &["BEDROCK_MANTLE_REGION", "AWS_REGION_NAME", "AWS_REGION"])
        .or("us-east-1");

/// Azure's versions are dates; the usual one is that of the incumbent.
const AZURE_VERSION: Blank = Blank {
    query: "api-version",
    ..Blank::new("api_version", "api_version", &["AZURE_API_VERSION"]).or("2025-02-01-preview")
};

const FOUNDRY_VERSION: Blank =
    Blank { env: &["AZURE_AI_API_VERSION"], default: Some("2024-05-01-preview"), ..AZURE_VERSION };

/// A token of Entra ID, which the operator has made.
const ENTRA_TOKEN: Blank = Blank::new("azure_ad_token", "azure_ad_token", &["AZURE_AD_TOKEN"]);

/// Who has a right to Azure's services, by Entra ID.
const ENTRA: SignIn = SignIn::Entra {
    blanks: &[
        Blank::new("tenant_id", "tenant_id", &["AZURE_TENANT_ID"]),
        Blank::new("client_id", "client_id", &["AZURE_CLIENT_ID"]),
        Blank::new("client_secret", "client_secret", &["AZURE_CLIENT_SECRET"]),
        Blank::new("username", "azure_username", &["AZURE_USERNAME"]),
        Blank::new("password", "azure_password", &["AZURE_PASSWORD"]),
        Blank::new("token_file", "", &["AZURE_FEDERATED_TOKEN_FILE"]),
        Blank::new("credential", "azure_credential", &["AZURE_CREDENTIAL"]),
        Blank::new("scope", "azure_scope", &["AZURE_SCOPE"]).or("https://cognitiveservices.azure.com/.default"),
        Blank::new("authority", "", &["AZURE_AUTHORITY_HOST"]).or("https://login.microsoftonline.com"),
    ],
};

/// Servers that embed token ids, as OpenAI's own does.
const TOKEN_IDS: Quirks = Quirks { token_ids: true, ..BOTH };

/// Mistral's API refuses options of streams, and most ids of calls.
const MISTRAL: Quirks = Quirks { no_stream_options: true, short_call_ids: true, ..PORTABLE };

/// Vertex AI has a host for each region, and others for all of them (wire.md 4.1).
pub fn vertex_host(location: &str) -> String {
    match location {
        "global" => "aiplatform".to_owned(),
        "us" | "eu" => format!("aiplatform.{location}.rep"),
        _ => format!("{location}-aiplatform"),
    }
}

const VERTEX_LOCATION: Blank =
    Blank::new("location", "vertex_location", &["VERTEXAI_LOCATION", "VERTEX_LOCATION"]).or("us-central1");

const VERTEX_BLANKS: &[Blank] = &[
    VERTEX_LOCATION,
    Blank { name: "host", spelled: vertex_host, ..VERTEX_LOCATION },
    Blank::new("project", "vertex_project", &["VERTEXAI_PROJECT", "VERTEX_PROJECT", "GOOGLE_CLOUD_PROJECT"]),
];

const GOOGLE: SignIn = SignIn::Google {
    credentials: Blank::new(
        "credentials",
        "vertex_credentials",
        &["VERTEXAI_CREDENTIALS", "GOOGLE_APPLICATION_CREDENTIALS"],
    ),
    scope: "https://www.googleapis.com/auth/cloud-platform",
};

const VERTEX_GEMINI: &[PathForm] = &[PathForm {
    serves: &[
        Operation::Chat,
        Operation::CountTokens,
        Operation::Image,
        Operation::ImageEdit,
        Operation::Speech,
        Operation::Transcription,
        Operation::Translation,
    ],
    ..PathForm::new("/v1/projects/{project}/locations/{location}/publishers/google{path}")
}];

/// Vectors are asked for by one method or another, as the model's age says (wire.md 4.6).
const VERTEX_MODEL: &str = "/v1/projects/{project}/locations/{location}/publishers/google/models/{model}:{verb}";
const VERTEX_VECTORS: &[PathForm] =
    &[PathForm::new(VERTEX_MODEL).serves(&[Operation::Embedding]).verbs("predict", "predict")];
const VERTEX_VECTOR: &[PathForm] =
    &[PathForm::new(VERTEX_MODEL).serves(&[Operation::Embedding]).verbs("embedContent", "embedContent")];

/// Tokens are counted at one path for all models (wire.md 3.1).
const VERTEX_CLAUDE: &[PathForm] = &[
    PathForm::new("/v1/projects/{project}/locations/{location}/publishers/anthropic/models/{model}:{verb}")
        .serves(&[Operation::Chat])
        .verbs("rawPredict", "streamRawPredict"),
    PathForm::new("/v1/projects/{project}/locations/{location}/publishers/anthropic/models/count-tokens:rawPredict")
        .serves(&[Operation::CountTokens]),
];

const VERTEX_MISTRAL: &[PathForm] =
    &[PathForm::new("/v1/projects/{project}/locations/{location}/publishers/mistralai/models/{model}:{verb}")
        .serves(&[Operation::Chat])
        .verbs("rawPredict", "streamRawPredict")];

const VERTEX_AI21: &[PathForm] =
    &[PathForm::new("/v1/projects/{project}/locations/{location}/publishers/ai21/models/{model}:{verb}")
        .serves(&[Operation::Chat])
        .verbs("rawPredict", "streamRawPredict")];

const VERTEX_OPEN: &[PathForm] = &[PathForm {
    serves: &[Operation::Chat],
    ..PathForm::new("/v1/projects/{project}/locations/{location}/endpoints/openapi{path}")
}];

const fn vertex(dialect: &'static str, paths: &'static [PathForm], traced_as: &'static str) -> Provider {
    row("vertex_ai", "Google Vertex AI")
        .dialect(dialect)
        .base("https://{host}.googleapis.com")
        .blanks(VERTEX_BLANKS)
        .paths(paths)
        .base_env(&["VERTEXAI_API_BASE"])
        .auth(Auth::Bearer)
        .sign_in(GOOGLE)
        .traced_as(traced_as)
}

/// Claude on Vertex AI speaks Anthropic's dialect, without a model in its bodies.
static VERTEX_ANTHROPIC: Provider = vertex("anthropic", VERTEX_CLAUDE, "gcp.vertex_ai")
    .quirks(Quirks { body_version: Some("vertex-2023-10-16"), ..BOTH })
    .serves(&[Chat, Messages]);

/// Open models that Google serves itself speak OpenAI's.
static VERTEX_OPENAI: Provider = vertex("openai", VERTEX_OPEN, "gcp.vertex_ai").quirks(PORTABLE);

/// Models of Mistral's and of AI21's there speak their makers' API, which is like OpenAI's.
static VERTEX_MISTRALAI: Provider = vertex("openai", VERTEX_MISTRAL, "gcp.vertex_ai").quirks(MISTRAL);
static VERTEX_JAMBA: Provider = vertex("openai", VERTEX_AI21, "gcp.vertex_ai").quirks(PORTABLE);

/// Models that make vectors: most take all texts at once, the newest one at a time.
static VERTEX_EMBEDDING: Provider = vertex("gemini", VERTEX_VECTORS, "gcp.vertex_ai")
    .quirks(Quirks { vectors: VectorForm::Predict, ..BOTH })
    .serves(&[Embeddings]);
static VERTEX_EMBEDDING_2: Provider = vertex("gemini", VERTEX_VECTOR, "gcp.vertex_ai")
    .quirks(Quirks { vectors: VectorForm::Single, ..BOTH })
    .serves(&[Embeddings]);

const VERTEX_FAMILIES: &[(&str, &Provider)] = &[
    ("gemini-embedding-2", &VERTEX_EMBEDDING_2),
    ("gemini-embedding", &VERTEX_EMBEDDING),
    ("text-embedding", &VERTEX_EMBEDDING),
    ("text-multilingual-embedding", &VERTEX_EMBEDDING),
    ("textembedding-gecko", &VERTEX_EMBEDDING),
    ("claude", &VERTEX_ANTHROPIC),
    ("mistral-", &VERTEX_MISTRALAI),
    ("codestral-", &VERTEX_MISTRALAI),
    ("jamba-", &VERTEX_JAMBA),
    ("xai/", &VERTEX_OPENAI),
    ("deepseek-ai/", &VERTEX_OPENAI),
    ("meta/", &VERTEX_OPENAI),
    ("minimaxai/", &VERTEX_OPENAI),
    ("moonshotai/", &VERTEX_OPENAI),
    ("openai/", &VERTEX_OPENAI),
    ("qwen/", &VERTEX_OPENAI),
    ("zai-org/", &VERTEX_OPENAI),
];

/// Azure names the deployment in the path, and the version behind it; its newer API does neither (wire.md 2.10).
const AZURE_PATHS: &[PathForm] = &[
    PathForm::new("{path}").when(When::BaseHas("/openai/v1")).listing("/models"),
    PathForm { dialect: "responses", ..PathForm::new("/openai/v1{path}") },
    PathForm::new("{path}?api-version={api_version}")
        .when(When::BaseHas("/openai/deployments/"))
        .listing("?api-version={api_version}"),
    PathForm::new("/openai/v1{path}").when(When::Filled("api_version", &["v1", "latest"])).listing("/openai/v1/models"),
    PathForm::new("/openai/v1{path}?api-version=preview")
        .when(When::Filled("api_version", &["preview"]))
        .listing("/openai/v1/models?api-version=preview"),
    PathForm::new("/openai/deployments/{model}{path}?api-version={api_version}")
        .listing("/openai/models?api-version={api_version}"),
];

const FOUNDRY_PATHS: &[PathForm] = &[
    PathForm::new("{path}").when(When::BaseHas("/openai/v1")).listing("/models"),
    // Models that make pictures have a deployment in the path, as Azure OpenAI's have.
    PathForm::new("/openai/deployments/{model}{path}?api-version=2025-04-01-preview")
        .when(When::HostEnds(".services.ai.azure.com"))
        .serves(&[Operation::Image, Operation::ImageEdit]),
    PathForm::new("{path}?api-version={api_version}")
        .when(When::BaseHas("/models"))
        .listing("/info?api-version={api_version}"),
    PathForm::new("/models{path}?api-version={api_version}")
        .when(When::HostEnds(".services.ai.azure.com"))
        .listing("/models/info?api-version={api_version}"),
];

/// Claude on Foundry speaks Anthropic's own dialect.
static FOUNDRY_CLAUDE: Provider = row("azure_ai", "Azure AI Foundry")
    .dialect("anthropic")
    .tail("/anthropic")
    .base_env(&["AZURE_AI_API_BASE"])
    .key_env(&["AZURE_AI_API_KEY"])
    .auth(Auth::Header("x-api-key"))
    .token(ENTRA_TOKEN)
    .sign_in(ENTRA)
    .serves(&[Chat, Messages]);

/// Cohere's models on Foundry rank documents as Cohere's own API does: behind the resource, or at a server of their own.
static FOUNDRY_RERANK: Provider = row("azure_ai", "Azure AI Foundry")
    .base_env(&["AZURE_AI_API_BASE"])
    .paths(&[
        PathForm::new("{path}").when(When::BaseHas("/providers/cohere/v2")),
        PathForm::new("/providers/cohere/v2{path}").when(When::HostEnds(".services.ai.azure.com")),
        PathForm::new("{path}").when(When::BaseHas("/v1")),
        PathForm::new("/v1{path}"),
    ])
    .key_env(&["AZURE_AI_API_KEY"])
    .auth(Auth::Header("api-key"))
    .auth_at(&[(".models.ai.azure.com", Auth::Bearer)])
    .token(ENTRA_TOKEN)
    .sign_in(ENTRA)
    .quirks(Quirks { rerank: RerankForm::Cohere, ..PORTABLE })
    .serves(&[Rerank]);

const FOUNDRY_FAMILIES: &[(&str, &Provider)] =
    &[("claude", &FOUNDRY_CLAUDE), ("cohere-rerank", &FOUNDRY_RERANK), ("Cohere-rerank", &FOUNDRY_RERANK)];

/// Cohere speaks OpenAI's dialect, too, at an address of its own.
static COHERE_COMPATIBLE: Provider = row("cohere", "Cohere")
    .base("https://api.cohere.ai/compatibility/v1")
    .base_env(&["COHERE_API_BASE"])
    .key_env(&["COHERE_API_KEY", "CO_API_KEY"])
    .serves(&[Chat, Embeddings]);

const COHERE_BASES: &[(&str, &Provider)] = &[("/compatibility/", &COHERE_COMPATIBLE)];

const fn cohere(id: &'static str) -> Provider {
    row(id, "Cohere")
        .dialect("cohere")
        .base("https://api.cohere.com")
        .base_env(&["COHERE_API_BASE"])
        .key_env(&["COHERE_API_KEY", "CO_API_KEY"])
        .bases(COHERE_BASES)
        .serves(&[Chat, Embeddings, Rerank])
}

#[rustfmt::skip]
const OPENAI_SERVES: &[Endpoint] = &[
    Chat, Completions, Embeddings, Responses, Images, Transcriptions, Speech, Moderations, Files, Batches,
];

#[rustfmt::skip]
const EVERYTHING: &[Endpoint] = &[
    Chat, Completions, Embeddings, Responses, Messages, Images, Transcriptions, Speech, Rerank, Moderations, Files,
    Batches,
];

const VLLM_SERVES: &[Endpoint] = &[Chat, Completions, Embeddings, Responses, Messages, Transcriptions, Rerank];

// One or two lines per row read better than one line per word.
#[rustfmt::skip]
static TABLE: &[Provider] = &[
    row("abliteration", "Abliteration").base("https://api.abliteration.ai/v1").key_env(&["ABLITERATION_API_KEY"]),
    row("ai21", "AI21").base("https://api.ai21.com/studio/v1").base_env(&["AI21_API_BASE"])
        .key_env(&["AI21_API_KEY"]),
    row("ai21_chat", "AI21").base("https://api.ai21.com/studio/v1").base_env(&["AI21_API_BASE"])
        .key_env(&["AI21_API_KEY"]).note("other name of `ai21`"),
    row("aiand", "ai&").base("https://api.aiand.com/v1").base_env(&["AIAND_API_BASE"]).key_env(&["AIAND_API_KEY"])
        .serves(&[Chat, Responses, Messages]),
    row("aihubmix", "AIHubMix").base("https://aihubmix.com/v1").base_env(&["AIHUBMIX_API_BASE"])
        .key_env(&["AIHUBMIX_API_KEY"]).quirks(BOTH),
    row("aiml", "AI/ML API").base("https://api.aimlapi.com/v1").base_env(&["AIML_API_BASE"])
        .key_env(&["AIML_API_KEY", "AIMLAPI_KEY"]).quirks(BOTH).serves(&[Chat, Embeddings]),
    row("aiohttp_openai", "OpenAI").base("https://api.openai.com/v1")
        .base_env(&["OPENAI_BASE_URL", "OPENAI_API_BASE"]).key_env(&["OPENAI_API_KEY"]).quirks(OPENAI).elsewhere(BOTH)
        .serves(&[Chat, Embeddings]).note("other name of `openai`"),
    row("amazon_nova", "Amazon Nova").base("https://api.nova.amazon.com/v1").base_env(&["AMAZON_NOVA_API_BASE"])
        .key_env(&["AMAZON_NOVA_API_KEY"]).quirks(BOTH),
    row("anthropic", "Anthropic").dialect("anthropic").base("https://api.anthropic.com")
        .base_env(&["ANTHROPIC_API_BASE", "ANTHROPIC_BASE_URL"]).key_env(&["ANTHROPIC_API_KEY"])
        .auth(Auth::Header("x-api-key")).serves(&[Chat, Messages]),
    row("anyscale", "Anyscale").base("https://api.endpoints.anyscale.com/v1").base_env(&["ANYSCALE_API_BASE"])
        .key_env(&["ANYSCALE_API_KEY"]),
    row("apertis", "Apertis").base("https://api.stima.tech/v1").key_env(&["STIMA_API_KEY"]),
    row("assemblyai", "AssemblyAI").base("https://llm-gateway.assemblyai.com/v1").key_env(&["ASSEMBLYAI_API_KEY"]),
    row("azure", "Azure OpenAI").base_env(&["AZURE_API_BASE", "AZURE_OPENAI_ENDPOINT"]).blanks(&[AZURE_VERSION])
        .paths(AZURE_PATHS).key_env(&["AZURE_API_KEY", "AZURE_OPENAI_API_KEY"]).auth(Auth::Header("api-key"))
        .token(ENTRA_TOKEN).sign_in(ENTRA).quirks(TOKEN_IDS).serves(&[Chat, Completions, Embeddings, Responses, Images, Transcriptions, Speech]).compacts().traced_as("azure.ai.openai")
        .note("base is `https://RESOURCE.openai.azure.com`; the model is the name of the deployment there; `api_version`, `azure_ad_token`, or who signs in to Entra ID"),
    row("azure_ai", "Azure AI Foundry").base_env(&["AZURE_AI_API_BASE"]).blanks(&[FOUNDRY_VERSION]).paths(FOUNDRY_PATHS)
        .key_env(&["AZURE_AI_API_KEY"]).auth(Auth::Header("api-key")).auth_at(&[(".models.ai.azure.com", Auth::Bearer)])
        .token(ENTRA_TOKEN).sign_in(ENTRA).families(FOUNDRY_FAMILIES).serves(&[Chat, Embeddings, Images, Rerank]).traced_as("azure.ai.inference")
        .note("base is `https://RESOURCE.services.ai.azure.com`; `claude-...` is spoken to in Anthropic's dialect, `cohere-rerank...` in Cohere's"),
    row("azure_text", "Azure OpenAI").base_env(&["AZURE_API_BASE", "AZURE_OPENAI_ENDPOINT"]).blanks(&[AZURE_VERSION])
        .paths(AZURE_PATHS).key_env(&["AZURE_API_KEY", "AZURE_OPENAI_API_KEY"]).auth(Auth::Header("api-key"))
        .token(ENTRA_TOKEN).sign_in(ENTRA).quirks(BOTH).serves(&[Chat, Completions]).traced_as("azure.ai.openai")
        .note("other name of `azure`, whose base it takes"),
    row("baseten", "Baseten").base("https://inference.baseten.co/v1").base_env(&["BASETEN_API_BASE"])
        .key_env(&["BASETEN_API_KEY"]),
    bedrock("bedrock", "bedrock").families(BEDROCK_FAMILIES).routes(&["converse/", "invoke/"])
        .note("`aws_region_name` and keys, profile or role as `aws_...`, else as Amazon's own programs find them; or a Bedrock API key; the model is an id, an inference profile or an ARN; `invoke/anthropic...` in Anthropic's dialect"),
    bedrock("bedrock_converse", "bedrock").note("other name of `bedrock`"),
    row("bedrock_mantle", "Amazon Bedrock Mantle").base("https://bedrock-mantle.{region}.api.aws/v1")
        .blanks(&[MANTLE_REGION])
        .base_env(&["BEDROCK_MANTLE_API_BASE"]).key_env(&["BEDROCK_MANTLE_API_KEY", "AWS_BEARER_TOKEN_BEDROCK"])
        .sign_in(BEDROCK).quirks(BOTH).serves(&[Chat, Responses]).traced_as("aws.bedrock").note("Bedrock's OpenAI-compatible endpoint; credentials as for `bedrock`"),
    row("bigmodel", "BigModel (Zhipu AI)").base("https://open.bigmodel.cn/api/paas/v4")
        .base_env(&["BIGMODEL_API_BASE"]).key_env(&["BIGMODEL_API_KEY"]),
    row("cerebras", "Cerebras").base("https://api.cerebras.ai/v1").base_env(&["CEREBRAS_API_BASE"])
        .key_env(&["CEREBRAS_API_KEY"]),
    row("charity_engine", "Charity Engine").base("https://api.charityengine.services/remotejobs/v2/inference")
        .key_env(&["CHARITY_ENGINE_API_KEY"]),
    row("chutes", "Chutes").base("https://llm.chutes.ai/v1").key_env(&["CHUTES_API_KEY"]),
    row("clarifai", "Clarifai").base("https://api.clarifai.com/v2/ext/openai/v1").key_env(&["CLARIFAI_API_KEY"]),
    row("clf_ai_gateway", "CLF AI Gateway").base("https://api.clfaigateway.dev/v1")
        .base_env(&["CLF_AI_GATEWAY_API_BASE"]).key_env(&["CLF_AI_GATEWAY_API_KEY"]),
    row("cloudflare", "Cloudflare Workers AI").base("https://api.cloudflare.com/client/v4/accounts/{account}/ai/v1")
        .blanks(&[CLOUDFLARE_ACCOUNT])
        .base_env(&["CLOUDFLARE_API_BASE"]).key_env(&["CLOUDFLARE_API_KEY", "CLOUDFLARE_API_TOKEN"])
        .serves(&[Chat, Embeddings]),
    row("codestral", "Codestral (Mistral AI)").base("https://codestral.mistral.ai/v1")
        .base_env(&["CODESTRAL_API_BASE"]).key_env(&["CODESTRAL_API_KEY"])
        .quirks(MISTRAL).traced_as("mistral_ai"),
    row("cognition", "Cognition").base("https://api.cognition.ai/v1").base_env(&["COGNITION_API_BASE"])
        .key_env(&["COGNITION_API_KEY"]),
    cohere("cohere").note("in Cohere's own dialect; in OpenAI's where `api_base` is `https://api.cohere.ai/compatibility/v1`"),
    cohere("cohere_chat").note("other name of `cohere`"),
    row("cometapi", "CometAPI").base("https://api.cometapi.com/v1").base_env(&["COMETAPI_API_BASE"])
        .key_env(&["COMETAPI_KEY", "COMETAPI_API_KEY"]).quirks(BOTH).serves(&[Chat, Embeddings]),
    row("compactifai", "CompactifAI").base("https://api.compactif.ai/v1").key_env(&["COMPACTIFAI_API_KEY"]),
    row("coralbricks", "CoralBricks").base("https://inference.coralbricks.ai/v1").base_env(&["CORALBRICKS_API_BASE"])
        .key_env(&["CORALBRICKS_API_KEY"]).serves(&[Chat, Responses, Messages]),
    row("cortecs", "Cortecs").base("https://api.cortecs.ai/v1").base_env(&["CORTECS_API_BASE"])
        .key_env(&["CORTECS_API_KEY"]).serves(&[Chat, Responses, Messages]),
    row("crusoe", "Crusoe").base("https://api.inference.crusoecloud.com/v1").base_env(&["CRUSOE_API_BASE"])
        .key_env(&["CRUSOE_API_KEY"]),
    row("custom_openai", "Custom OpenAI-compatible").key_optional().quirks(BOTH).serves(&[Chat, Completions])
        .note("any OpenAI-compatible server; needs `api_base`"),
    row("darkbloom", "Darkbloom").base("https://api.darkbloom.dev/v1").base_env(&["DARKBLOOM_API_BASE"])
        .key_env(&["DARKBLOOM_API_KEY"]),
    row("dashscope", "DashScope (Alibaba Cloud)").base("https://dashscope.aliyuncs.com/compatible-mode/v1")
        .base_env(&["DASHSCOPE_API_BASE"]).key_env(&["DASHSCOPE_API_KEY"]).serves(&[Chat, Embeddings]),
    row("databricks", "Databricks").base_env(&["DATABRICKS_API_BASE"])
        .key_env(&["DATABRICKS_API_KEY", "DATABRICKS_TOKEN"]).sign_in(DATABRICKS).serves(&[Chat, Completions, Embeddings])
        .note("base is `https://WORKSPACE/serving-endpoints`; personal access token, or a service principal: `client_id`, `client_secret`"),
    row("datarobot", "DataRobot").base("https://app.datarobot.com/api/v2/genai/llmgw").tail("/genai/llmgw")
        .base_env(&["DATAROBOT_ENDPOINT"]).key_env(&["DATAROBOT_API_TOKEN"]).paths(&[PathForm::new("{path}/")]),
    row("deepgram", "Deepgram").dialect("deepgram").base("https://api.deepgram.com/v1").tail("/v1")
        .base_env(&["DEEPGRAM_API_BASE"]).key_env(&["DEEPGRAM_API_KEY"]).auth(Auth::Scheme("Token")).quirks(BOTH).serves(&[Transcriptions])
        .note("the file is sent as it is; its own parameters (`diarize`, `keyterm`, ...) are fields of the form"),
    row("deepinfra", "DeepInfra").base("https://api.deepinfra.com/v1/openai").base_env(&["DEEPINFRA_API_BASE"])
        .key_env(&["DEEPINFRA_API_KEY"]).serves(&[Chat, Completions, Embeddings]),
    row("deepseek", "DeepSeek").base("https://api.deepseek.com/beta").base_env(&["DEEPSEEK_API_BASE"])
        .key_env(&["DEEPSEEK_API_KEY"]).quirks(Quirks { string_content: true, keep_reasoning: true, ..PORTABLE })
        .serves(&[Chat, Completions]).note("beta base: also completes prefixes and fills gaps"),
    row("docker_model_runner", "Docker Model Runner").base("http://127.0.0.1:12434/engines/llama.cpp/v1").tail("/v1")
        .base_env(&["DOCKER_MODEL_RUNNER_API_BASE"]).key_env(&["DOCKER_MODEL_RUNNER_API_KEY"]).local()
        .serves(&[Chat, Completions, Embeddings]),
    row("edenai", "Eden AI").base("https://api.edenai.run/v3").base_env(&["EDENAI_API_BASE"])
        .key_env(&["EDENAI_API_KEY"]).quirks(BOTH).serves(&[Chat, Embeddings, Responses, Messages]),
    row("elevenlabs", "ElevenLabs").dialect("elevenlabs").base("https://api.elevenlabs.io/v1").tail("/v1")
        .base_env(&["ELEVENLABS_API_BASE"]).key_env(&["ELEVENLABS_API_KEY"]).auth(Auth::Header("xi-api-key")).quirks(BOTH)
        .serves(&[Transcriptions, Speech]).note("`voice` is the id of a voice"),
    row("empiriolabs", "EmpirioLabs").base("https://api.empiriolabs.ai/v1").base_env(&["EMPIRIOLABS_API_BASE"])
        .key_env(&["EMPIRIOLABS_API_KEY"]).serves(&[Chat, Responses]),
    row("empower", "Empower").base("https://app.empower.dev/api/v1").base_env(&["EMPOWER_API_BASE"])
        .key_env(&["EMPOWER_API_KEY"]),
    row("featherless_ai", "Featherless AI").base("https://api.featherless.ai/v1")
        .base_env(&["FEATHERLESS_AI_API_BASE", "FEATHERLESS_API_BASE"])
        .key_env(&["FEATHERLESS_AI_API_KEY", "FEATHERLESS_API_KEY"]),
    row("fireworks_ai", "Fireworks AI").base("https://api.fireworks.ai/inference/v1")
        .base_env(&["FIREWORKS_API_BASE"])
        .key_env(&["FIREWORKS_API_KEY", "FIREWORKS_AI_API_KEY", "FIREWORKSAI_API_KEY", "FIREWORKS_AI_TOKEN"])
        .serves(&[Chat, Completions, Embeddings, Responses, Rerank]),
    row("friendliai", "FriendliAI").base("https://api.friendli.ai/serverless/v1").base_env(&["FRIENDLI_API_BASE"])
        .key_env(&["FRIENDLIAI_API_KEY", "FRIENDLI_TOKEN"]),
    row("galadriel", "Galadriel").base("https://api.galadriel.com/v1").base_env(&["GALADRIEL_API_BASE"])
        .key_env(&["GALADRIEL_API_KEY"]),
    row("gemini", "Google Gemini").dialect("gemini").base("https://generativelanguage.googleapis.com/v1beta").tail("/v1beta")
        .base_env(&["GEMINI_API_BASE"]).key_env(&["GEMINI_API_KEY", "GOOGLE_API_KEY"])
        .auth(Auth::Header("x-goog-api-key")).serves(&[Chat, Embeddings, Images, Transcriptions, Speech]).traced_as("gcp.gemini").note("Google AI Studio keys"),
    row("gigachat", "GigaChat").base("https://gigachat.devices.sberbank.ru/api/v1").base_env(&["GIGACHAT_API_BASE"])
        .key_env(&["GIGACHAT_CREDENTIALS", "GIGACHAT_API_KEY"]).token(Blank::new("access_token", "token", &["GIGACHAT_ACCESS_TOKEN"]))
        .sign_in(SBER).serves(&[Chat, Embeddings])
        .note("the key is exchanged for tokens; its servers' certificates are of an authority that machines must be told of"),
    row("github", "GitHub Models").base("https://models.github.ai/inference").base_env(&["GITHUB_API_BASE"])
        .key_env(&["GITHUB_API_KEY", "GITHUB_TOKEN"]).quirks(BOTH).note("models are called `publisher/name`"),
    row("gmi", "GMI Cloud").base("https://api.gmi-serving.com/v1").key_env(&["GMI_API_KEY"]),
    row("gradient_ai", "DigitalOcean Gradient AI").base("https://inference.do-ai.run/v1")
        .key_env(&["GRADIENT_AI_API_KEY"]),
    row("groq", "Groq").base("https://api.groq.com/openai/v1").base_env(&["GROQ_API_BASE"])
        .key_env(&["GROQ_API_KEY"]).quirks(BOTH).serves(&[Chat, Responses, Transcriptions, Speech]),
    row("helicone", "Helicone").base("https://ai-gateway.helicone.ai").key_env(&["HELICONE_API_KEY"]).quirks(BOTH),
    row("heroku", "Heroku").base("https://us.inference.heroku.com/v1").tail("/v1").base_env(&["HEROKU_API_BASE"])
        .key_env(&["HEROKU_API_KEY"]).quirks(Quirks { string_content: true, ..PORTABLE })
        .note("EU region: set the base"),
    row("hosted_vllm", "vLLM (hosted)").base_env(&["HOSTED_VLLM_API_BASE"]).key_env(&["HOSTED_VLLM_API_KEY"])
        .quirks(TOKEN_IDS).local().serves(VLLM_SERVES)
        .note("needs `api_base`"),
    row("hostinger_router", "Hostinger Router").base("https://router.hostinger.com/v1")
        .base_env(&["HOSTINGER_ROUTER_API_BASE"]).key_env(&["HOSTINGER_ROUTER_API_KEY"]).serves(&[Chat, Embeddings]),
    row("huggingface", "Hugging Face").base("https://router.huggingface.co/v1").tail("/v1")
        .base_env(&["HF_API_BASE", "HUGGINGFACE_API_BASE"]).key_env(&["HUGGINGFACE_API_KEY", "HF_TOKEN"])
        .serves(&[Chat, Responses]).note("inference providers; a model may name one, `model:provider`"),
    row("hyperbolic", "Hyperbolic").base("https://api.hyperbolic.xyz/v1").base_env(&["HYPERBOLIC_API_BASE"])
        .key_env(&["HYPERBOLIC_API_KEY"]),
    row("inception", "Inception").base("https://api.inceptionlabs.ai/v1").base_env(&["INCEPTION_API_BASE"])
        .key_env(&["INCEPTION_API_KEY"]),
    row("inferenceapis", "Inference APIs").base("https://api.inferenceapis.com/v1")
        .base_env(&["INFERENCEAPIS_API_BASE"]).key_env(&["INFERENCEAPIS_API_KEY"])
        .serves(&[Chat, Responses, Messages]),
    row("infinity", "Infinity").key_env(&["INFINITY_API_KEY"]).local().serves(&[Embeddings, Rerank])
        .note("embedding server; needs `api_base`"),
    row("jina_ai", "Jina AI").base("https://api.jina.ai/v1").base_env(&["JINA_AI_API_BASE"])
        .key_env(&["JINA_AI_API_KEY", "JINA_API_KEY", "JINA_AI_TOKEN"]).serves(&[Embeddings, Rerank]),
    row("kyma", "Kyma API").base("https://kymaapi.com/v1").key_env(&["KYMA_API_KEY"]),
    row("lambda_ai", "Lambda AI").base("https://api.lambda.ai/v1").base_env(&["LAMBDA_API_BASE"])
        .key_env(&["LAMBDA_API_KEY"]),
    row("lemonade", "Lemonade").base("http://127.0.0.1:8000/api/v1").base_env(&["LEMONADE_API_BASE"])
        .key_env(&["LEMONADE_API_KEY"]).local().serves(&[Chat, Completions, Embeddings]),
    row("libertai", "LibertAI").base("https://api.libertai.io/v1").base_env(&["LIBERTAI_API_BASE"])
        .key_env(&["LIBERTAI_API_KEY"]).serves(&[Chat, Embeddings]),
    row("litellm_proxy", "LiteLLM proxy").base_env(&["LITELLM_PROXY_API_BASE"]).key_env(&["LITELLM_PROXY_API_KEY"])
        .key_optional().quirks(BOTH)
        .serves(EVERYTHING)
        .note("another LiteLLM proxy or Lockgate; needs `api_base`"),
    row("llamacpp", "llama.cpp server").base("http://127.0.0.1:8080/v1").base_env(&["LLAMACPP_API_BASE"])
        .key_env(&["LLAMACPP_API_KEY"]).local().serves(&[Chat, Completions, Embeddings, Rerank]),
    row("llamafile", "Llamafile").base("http://127.0.0.1:8080/v1").base_env(&["LLAMAFILE_API_BASE"])
        .key_env(&["LLAMAFILE_API_KEY"]).local().serves(&[Chat, Completions, Embeddings]),
    row("llamagate", "LlamaGate").base("https://api.llamagate.dev/v1").key_env(&["LLAMAGATE_API_KEY"])
        .serves(&[Chat, Embeddings]),
    row("lm_studio", "LM Studio").base("http://127.0.0.1:1234/v1").base_env(&["LM_STUDIO_API_BASE"])
        .key_env(&["LM_STUDIO_API_KEY"]).local().serves(&[Chat, Completions, Embeddings, Responses]),
    row("maritalk", "Maritaca AI").base("https://chat.maritaca.ai/api").base_env(&["MARITALK_API_BASE"])
        .key_env(&["MARITALK_API_KEY"]),
    row("meta", "Meta Model API").base("https://api.meta.ai/v1").base_env(&["META_API_BASE"])
        .key_env(&["META_API_KEY"]).serves(&[Chat, Responses, Messages]),
    row("meta_llama", "Llama API (Meta)").base("https://api.llama.com/compat/v1").base_env(&["LLAMA_API_BASE"])
        .key_env(&["LLAMA_API_KEY"]),
    row("minimax", "MiniMax").base("https://api.minimax.io/v1").base_env(&["MINIMAX_API_BASE"])
        .key_env(&["MINIMAX_API_KEY"]),
    row("mistral", "Mistral AI").base("https://api.mistral.ai/v1").base_env(&["MISTRAL_API_BASE"])
        .key_env(&["MISTRAL_API_KEY"]).quirks(MISTRAL)
        .serves(&[Chat, Embeddings, Transcriptions, Moderations]).traced_as("mistral_ai"),
    row("mock", "Built-in mock").auth(Auth::None).quirks(BOTH).note("`mock/demo` answers inside the gateway"),
    row("modelscope", "ModelScope").base("https://api-inference.modelscope.cn/v1").base_env(&["MODELSCOPE_API_BASE"])
        .key_env(&["MODELSCOPE_API_KEY"]),
    row("moonshot", "Moonshot").base("https://api.moonshot.ai/v1").base_env(&["MOONSHOT_API_BASE"])
        .key_env(&["MOONSHOT_API_KEY"]).quirks(Quirks { keep_reasoning: true, ..PORTABLE }).traced_as("moonshot_ai"),
    row("morph", "Morph").base("https://api.morphllm.com/v1").base_env(&["MORPH_API_BASE"])
        .key_env(&["MORPH_API_KEY"]),
    row("nadir", "Nadir").base("https://api.getnadir.com/v1").base_env(&["NADIR_API_BASE"])
        .key_env(&["NADIR_API_KEY"]),
    row("nano-gpt", "NanoGPT").base("https://nano-gpt.com/api/v1").key_env(&["NANOGPT_API_KEY"]),
    row("nebius", "Nebius AI Studio").base("https://api.studio.nebius.ai/v1").base_env(&["NEBIUS_API_BASE"])
        .key_env(&["NEBIUS_API_KEY"]).quirks(Quirks { token_ids: true, ..PORTABLE }).serves(&[Chat, Completions, Embeddings]),
    row("neosantara", "Neosantara").base("https://api.neosantara.xyz/v1").base_env(&["NEOSANTARA_API_BASE"])
        .key_env(&["NEOSANTARA_API_KEY"]).serves(&[Chat, Responses]),
    row("novita", "Novita AI").base("https://api.novita.ai/v3/openai").base_env(&["NOVITA_API_BASE"])
        .key_env(&["NOVITA_API_KEY"]).serves(&[Chat, Completions, Embeddings]),
    row("nscale", "Nscale").base("https://inference.api.nscale.com/v1").base_env(&["NSCALE_API_BASE"])
        .key_env(&["NSCALE_API_KEY"]),
    row("nvidia_nim", "NVIDIA NIM").base("https://integrate.api.nvidia.com/v1").base_env(&["NVIDIA_NIM_API_BASE"])
        .key_env(&["NVIDIA_NIM_API_KEY"]).serves(&[Chat, Embeddings]),
    row("oci", "Oracle Cloud (OCI) Generative AI").base("https://inference.generativeai.{region}.oci.oraclecloud.com/openai/v1")
        .blanks(&[Blank::new("region", "oci_region", &["OCI_REGION"]).or("us-chicago-1")])
        .headers(&[("compartmentid", OCI_COMPARTMENT), ("opc-compartment-id", OCI_COMPARTMENT)])
        .key_env(&["OCI_GENAI_API_KEY"]).sign_in(ORACLE).quirks(BOTH).serves(&[Chat, Responses])
        .note("through its OpenAI-compatible endpoint: `oci_compartment_id`, and `oci_tenancy`, `oci_user`, `oci_fingerprint`, `oci_key_file`, or a key of the service"),
    row("ollama", "Ollama").dialect("ollama").base("http://127.0.0.1:11434").base_env(&["OLLAMA_API_BASE"])
        .key_env(&["OLLAMA_API_KEY"]).local().serves(&[Chat, Completions, Embeddings]),
    row("ollama_chat", "Ollama").dialect("ollama").base("http://127.0.0.1:11434").base_env(&["OLLAMA_API_BASE"])
        .key_env(&["OLLAMA_API_KEY"]).local().serves(&[Chat, Completions, Embeddings]).note("other name of `ollama`"),
    row("ollama_cloud", "Ollama Cloud").dialect("ollama").base("https://ollama.com").key_env(&["OLLAMA_API_KEY"])
        .serves(&[Chat, Completions, Embeddings]),
    row("oobabooga", "text-generation-webui").base("http://127.0.0.1:5000/v1").local()
        .serves(&[Chat, Completions, Embeddings]),
    row("openai", "OpenAI").base("https://api.openai.com/v1").base_env(&["OPENAI_BASE_URL", "OPENAI_API_BASE"])
        .key_env(&["OPENAI_API_KEY"]).quirks(OPENAI).elsewhere(BOTH).compacts()
        .serves(OPENAI_SERVES),
    row("openai_like", "OpenAI-like").base_env(&["OPENAI_LIKE_API_BASE"]).key_env(&["OPENAI_LIKE_API_KEY"])
        .key_optional().quirks(BOTH).serves(&[Chat, Embeddings])
        .note("any OpenAI-compatible server; needs `api_base`"),
    row("opencode_go", "OpenCode Go").base("https://opencode.ai/inference/go/openai/v1")
        .key_env(&["OPENCODE_GO_API_KEY"]),
    row("openinfer", "OpenInfer").base("https://api.openinfer.ai/v1").base_env(&["OPENINFER_API_BASE"])
        .key_env(&["OPENINFER_API_KEY"]).serves(&[Chat, Responses, Messages]),
    row("openrouter", "OpenRouter").base("https://openrouter.ai/api/v1").base_env(&["OPENROUTER_API_BASE"])
        .key_env(&["OPENROUTER_API_KEY", "OR_API_KEY"])
        .quirks(Quirks { keep_reasoning: true, reasoning_field: true, cache_control: true, top_k: true, ..BOTH })
        .states_costs().serves(&[Chat, Completions, Embeddings, Responses, Messages]),
    row("ovhcloud", "OVHcloud AI Endpoints").base("https://oai.endpoints.kepler.ai.cloud.ovh.net/v1")
        .base_env(&["OVHCLOUD_API_BASE"]).key_env(&["OVHCLOUD_API_KEY"]),
    row("parasail", "Parasail").base("https://api.parasail.io/v1").base_env(&["PARASAIL_API_BASE"])
        .key_env(&["PARASAIL_API_KEY"]).quirks(Quirks { store_false: true, ..PORTABLE }).serves(&[Chat, Responses]),
    row("perplexity", "Perplexity").base("https://api.perplexity.ai").base_env(&["PERPLEXITY_API_BASE"])
        .key_env(&["PERPLEXITYAI_API_KEY", "PERPLEXITY_API_KEY"]).states_costs(),
    row("pinstripes", "Pinstripes").base("https://pinstripes.io/v1").base_env(&["PINSTRIPES_API_BASE"])
        .key_env(&["PINSTRIPES_API_KEY"]).serves(&[Chat, Responses]),
    row("poe", "Poe").base("https://api.poe.com/v1").key_env(&["POE_API_KEY"]),
    row("prism", "Prism").base("https://api.prisminference.com/v1").base_env(&["PRISM_API_BASE"])
        .key_env(&["PRISM_API_KEY"]).serves(&[Chat, Responses, Messages]),
    row("publicai", "PublicAI").base("https://api.publicai.co/v1").base_env(&["PUBLICAI_API_BASE"])
        .key_env(&["PUBLICAI_API_KEY"]).quirks(Quirks { string_content: true, ..PORTABLE }),
    row("qwen_ai_platform", "Qianwen AI Platform").base("https://dashscope.aliyuncs.com/compatible-mode/v1")
        .base_env(&["QWEN_AI_PLATFORM_API_BASE"]).key_env(&["QWEN_AI_PLATFORM_API_KEY"]),
    row("qwencloud", "QwenCloud").base("https://dashscope-intl.aliyuncs.com/compatible-mode/v1")
        .base_env(&["QWENCLOUD_API_BASE"]).key_env(&["QWENCLOUD_API_KEY"]),
    row("recraft", "Recraft").base("https://external.api.recraft.ai/v1").tail("/v1").base_env(&["RECRAFT_API_BASE"])
        .key_env(&["RECRAFT_API_KEY"]).serves(&[Images]),
    row("refuseless", "Refuseless").base("https://api.refuseless.com/v1").key_env(&["REFUSELESS_API_KEY"])
        .serves(&[Chat, Responses]),
    row("reka", "Reka").base("https://api.reka.ai/v1").base_env(&["REKA_API_BASE"]).key_env(&["REKA_API_KEY"]),
    sagemaker("sagemaker_chat", "Amazon SageMaker")
        .note("the model is the name of the endpoint, whose container speaks OpenAI's dialect; credentials as for `bedrock`"),
    sagemaker("sagemaker_nova", "Amazon SageMaker").note("Nova at an endpoint of SageMaker's; as `sagemaker_chat`"),
    row("sail", "Sail").base("https://api.sailresearch.com/v1").base_env(&["SAIL_API_BASE"])
        .key_env(&["SAIL_API_KEY"]).serves(&[Chat, Responses, Messages]),
    row("sambanova", "SambaNova").base("https://api.sambanova.ai/v1").base_env(&["SAMBANOVA_API_BASE"])
        .key_env(&["SAMBANOVA_API_KEY"]),
    row("sarvam", "Sarvam").base("https://api.sarvam.ai/v1").key_env(&["SARVAM_API_KEY"]),
    row("scaleway", "Scaleway").base("https://api.scaleway.ai/v1").key_env(&["SCW_SECRET_KEY"])
        .serves(&[Chat, Embeddings, Transcriptions]),
    row("scx-ai", "SCX.ai").base("https://api.scx.ai/v1").base_env(&["SCX_API_BASE"]).key_env(&["SCX_API_KEY"]),
    row("snowflake", "Snowflake Cortex").base("https://{account}.snowflakecomputing.com/api/v2/cortex/v1")
        .blanks(&[Blank::new("account", "account_id", &["SNOWFLAKE_ACCOUNT_ID"])])
        .key_env(&["SNOWFLAKE_JWT"]).auth(Auth::Typed(&SNOWFLAKE_KEYS)).quirks(NEWER).serves(&[Chat])
        .note("`account_id`; the key is a web token of a key pair, or `pat/` and a programmatic access token"),
    row("streamlake", "StreamLake").base("https://vanchin.streamlake.ai/api/gateway/v1/endpoints")
        .base_env(&["STREAMLAKE_API_BASE"]).key_env(&["STREAMLAKE_API_KEY"]).quirks(NEWER),
    row("synthetic", "Synthetic").base("https://api.synthetic.new/openai/v1").key_env(&["SYNTHETIC_API_KEY"]),
    row("tencent", "Tencent TokenHub").base("https://tokenhub-intl.tencentcloudmaas.com/v1")
        .base_env(&["TENCENT_API_BASE"]).key_env(&["TENCENT_API_KEY"]),
    row("tensormesh", "Tensormesh").base("https://serverless.tensormesh.ai/v1")
        .base_env(&["TENSORMESH_SERVERLESS_BASE_URL"]).key_env(&["TENSORMESH_INFERENCE_API_KEY"])
        .serves(&[Chat, Responses]),
    row("text-completion-codestral", "Codestral (Mistral AI)").dialect("fim").base("https://codestral.mistral.ai/v1")
        .key_env(&["CODESTRAL_API_KEY"]).quirks(MISTRAL).serves(&[Completions]).traced_as("mistral_ai")
        .note("fills gaps: `prompt` and `suffix`"),
    row("text-completion-inception", "Inception").base("https://api.inceptionlabs.ai/v1").key_env(&["INCEPTION_API_KEY"])
        .serves(&[Completions]),
    row("text-completion-openai", "OpenAI").base("https://api.openai.com/v1")
        .base_env(&["OPENAI_BASE_URL", "OPENAI_API_BASE"]).key_env(&["OPENAI_API_KEY"]).quirks(OPENAI).elsewhere(BOTH)
        .serves(&[Completions]).note("legacy text completions of OpenAI"),
    row("together_ai", "Together AI").base("https://api.together.ai/v1").base_env(&["TOGETHER_AI_API_BASE"])
        .key_env(&["TOGETHER_API_KEY", "TOGETHER_AI_API_KEY", "TOGETHERAI_API_KEY", "TOGETHER_AI_TOKEN"])
        .serves(&[Chat, Completions, Embeddings, Images, Rerank, Speech]),
    row("v0", "v0 (Vercel)").base("https://api.v0.dev/v1").base_env(&["V0_API_BASE"]).key_env(&["V0_API_KEY"]),
    row("veniceai", "Venice AI").base("https://api.venice.ai/api/v1").key_env(&["VENICE_AI_API_KEY"]),
    row("vercel_ai_gateway", "Vercel AI Gateway").base("https://ai-gateway.vercel.sh/v1")
        .base_env(&["VERCEL_AI_GATEWAY_API_BASE"]).key_env(&["VERCEL_AI_GATEWAY_API_KEY", "VERCEL_OIDC_TOKEN"])
        .quirks(Quirks { cache_control: true, top_k: true, ..BOTH }).serves(&[Chat, Embeddings]),
    Provider { families: VERTEX_FAMILIES, ..vertex("gemini", VERTEX_GEMINI, "gcp.vertex_ai") }
        .serves(&[Chat, Embeddings, Images, Transcriptions, Speech])
        .note("`vertex_project`, `vertex_location`, `vertex_credentials` (JSON of Google's or its file; otherwise those of the machine); models of Anthropic, Mistral and AI21 and open models in their own dialects"),
    Provider { id: "vertex_ai_beta", families: VERTEX_FAMILIES, ..vertex("gemini", VERTEX_GEMINI, "gcp.vertex_ai") }
        .serves(&[Chat, Embeddings, Images, Transcriptions, Speech])
        .note("other name of `vertex_ai`"),
    row("vllm", "vLLM").base("http://127.0.0.1:8000/v1").base_env(&["VLLM_API_BASE"]).key_env(&["VLLM_API_KEY"])
        .quirks(TOKEN_IDS).local().serves(VLLM_SERVES)
        .note("like `hosted_vllm`, with the usual port"),
    row("volcengine", "Volcengine Ark").base("https://ark.cn-beijing.volces.com/api/v3")
        .base_env(&["VOLCENGINE_API_BASE", "ARK_API_BASE"]).key_env(&["ARK_API_KEY", "VOLCENGINE_API_KEY"])
        .serves(&[Chat, Embeddings, Responses]),
    row("voyage", "Voyage AI").base("https://api.voyageai.com/v1")
        .key_env(&["VOYAGE_API_KEY", "VOYAGE_AI_API_KEY", "VOYAGE_AI_TOKEN"]).serves(&[Embeddings, Rerank])
        .quirks(Quirks { rerank: RerankForm::Voyage, ..PORTABLE })
        .note("embeddings; vector length is `output_dimension`"),
    row("wandb", "Weights & Biases Inference").base("https://api.inference.wandb.ai/v1").base_env(&["WANDB_API_BASE"])
        .key_env(&["WANDB_API_KEY"]),
    Provider { families: WATSONX_FAMILIES, body: WATSONX_PAYERS, ..WATSONX }
        .note("`project_id` or `space_id`; the key is exchanged for tokens; `deployment/ID` is a deployment of your own"),
    row("xai", "xAI").base("https://api.x.ai/v1").base_env(&["XAI_API_BASE"]).key_env(&["XAI_API_KEY"])
        .states_costs().serves(&[Chat, Responses, Images]).traced_as("x_ai"),
    row("xiaomi_mimo", "Xiaomi MiMo").base("https://api.xiaomimimo.com/v1").key_env(&["XIAOMI_MIMO_API_KEY"])
        .quirks(Quirks { keep_reasoning: true, ..PORTABLE }),
    row("xinference", "Xinference").base("http://127.0.0.1:9997/v1").base_env(&["XINFERENCE_API_BASE"])
        .key_env(&["XINFERENCE_API_KEY"]).local().serves(&[Chat, Completions, Embeddings, Rerank]),
    row("zai", "Z.AI (Zhipu AI)").base("https://api.z.ai/api/paas/v4").base_env(&["ZAI_API_BASE"])
        .key_env(&["ZAI_API_KEY"]),
    row("zerogpu", "ZeroGPU").base("https://api.zerogpu.ai/v1").base_env(&["ZEROGPU_API_BASE"])
        .key_env(&["ZEROGPU_API_KEY"]).serves(&[Chat, Responses]),
];

#[cfg(test)]
mod tests;
