//! Providers for the gateway to call: mock providers as the configuration names them, and the configuration itself.

use drill::mock::{Mock, Options, Recorded};

/// The key that the gateway shows to providers.
pub const UPSTREAM_KEY: &str = "sk-upstream-0123456789";

/// What a provider speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Back {
    /// OpenAI chat completions.
    OpenAi,
    /// Anthropic messages.
    Anthropic,
    /// Gemini's generateContent.
    Gemini,
    /// Ollama's own API, whose streams are lines instead of events.
    Ollama,
    /// Amazon Bedrock's Converse, whose streams are binary frames.
    Bedrock,
    /// OpenAI's Responses API.
    Responses,
    /// Cohere's own API.
    Cohere,
}

impl Back {
    /// All.
    pub const ALL: [Back; 7] =
        [Back::OpenAi, Back::Anthropic, Back::Gemini, Back::Ollama, Back::Bedrock, Back::Responses, Back::Cohere];

    /// The name in front of the slash in `model: provider/model`.
    pub fn provider(self) -> &'static str {
        match self {
            Back::OpenAi => "openai",
            Back::Anthropic => "anthropic",
            Back::Gemini => "gemini",
            Back::Ollama => "ollama",
            Back::Bedrock => "bedrock",
            Back::Responses => "openai/responses",
            Back::Cohere => "cohere",
        }
    }

    /// Its base address at `root`, which is an address without a path.
    pub fn base(self, root: &str) -> String {
        match self {
            Back::OpenAi | Back::Responses => format!("{root}/v1"),
            Back::Gemini => format!("{root}/v1beta"),
            Back::Anthropic | Back::Ollama | Back::Bedrock | Back::Cohere => root.to_owned(),
        }
    }
}

/// A mock provider that treats every request as these knobs say.
pub async fn mock(knobs: &str) -> Mock {
    let options = Options { knobs: knobs.to_owned(), ..Options::default() };
    Mock::start(options).await.expect("a mock provider starts")
}

/// The requests that a mock received and that say `text` somewhere in their body.
pub fn asked(mock: &Mock, text: &str) -> Vec<Recorded> {
    let says = |one: &Recorded| String::from_utf8_lossy(&one.body).contains(text);
    mock.requests().into_iter().filter(says).collect()
}

/// A configuration file in the making.
#[derive(Clone, Debug, Default)]
pub struct Config {
    models: String,
    rest: String,
}

impl Config {
    /// One model that answers as a mock with these knobs does, under the name `demo`.
    pub fn of(mock: &Mock) -> Self {
        Config::default().openai("demo", mock, "")
    }

    /// One more deployment in group `group`. `more` are further fields of `litellm_params`, separated by commas.
    pub fn deployment(self, group: &str, back: Back, root: &str, more: &str) -> Self {
        let model = format!("{}/demo", back.provider());
        self.model(group, &model, &back.base(root), more)
    }

    /// The same for any `provider/model` at any base address.
    pub fn model(mut self, group: &str, model: &str, base: &str, more: &str) -> Self {
        let more = if more.is_empty() { String::new() } else { format!(", {more}") };
        self.models.push_str(&format!(
            "  - model_name: \"{group}\"\n    litellm_params: {{model: \"{model}\", api_base: \"{base}\", \
             api_key: {UPSTREAM_KEY}{more}}}\n"
        ));
        self
    }

    /// One more deployment that is a mock which speaks OpenAI's dialect.
    pub fn openai(self, group: &str, mock: &Mock, more: &str) -> Self {
        self.deployment(group, Back::OpenAi, &mock.url(), more)
    }

    /// More text behind the list of models.
    pub fn and(mut self, text: &str) -> Self {
        self.rest.push_str(text);
        self.rest.push('\n');
        self
    }

    /// The text of the file.
    pub fn yaml(&self) -> String {
        format!("model_list:\n{}{}", self.models, self.rest)
    }
}
