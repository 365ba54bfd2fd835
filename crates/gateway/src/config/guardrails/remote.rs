//! Guardrails that are asked by network: where, with what credential, for how long, and what happens without an answer.

use std::time::Duration;

use engine::{AccessTokens, Check, Remote, Way};
use guardrails::Action;
use http::{HeaderMap, HeaderName, HeaderValue};
use providers::http::Endpoint;

use super::{action, actions, bedrock, named, put_back};
use crate::config::environ::Env;
use crate::config::report::Notes;
use crate::config::section::{Section, scalar};
use crate::config::tree::{Node, Value};

/// Kinds that are asked by network.
pub const KINDS: [&str; 8] = [
    "generic_guardrail_api",
    "presidio",
    "openai_moderation",
    "lakera_v2",
    "azure/prompt_shield",
    "azure/text_moderations",
    bedrock::KIND,
    "llm_as_a_judge",
];

/// How long anybody may take, and a model.
const PATIENCE: Duration = Duration::from_secs(10);
const PATIENCE_WITH_MODELS: Duration = Duration::from_secs(30);
/// What Azure looks for.
const AZURE_CATEGORIES: [&str; 4] = ["Hate", "SelfHarm", "Sexual", "Violence"];
/// OpenAI's model for it.
const MODERATION: &str = "omni-moderation-latest";

/// Where a kind usually is, the variables that hold its address and its credential, and how that is shown.
struct Home {
    base: Option<&'static str>,
    base_key: &'static str,
    base_variable: &'static str,
    key_variable: &'static str,
    header: &'static str,
    bearer: bool,
}

fn home(kind: &str) -> Home {
    let home = |base, base_key, base_variable, key_variable, header, bearer| Home {
        base,
        base_key,
        base_variable,
        key_variable,
        header,
        bearer,
    };
    match kind {
        "presidio" => {
            let (base, key) = ("presidio_analyzer_api_base", "PRESIDIO_ANALYZER_API_KEY");
            home(None, base, "PRESIDIO_ANALYZER_API_BASE", key, "authorization", true)
        }
        "openai_moderation" => home(
            Some("https://api.openai.com/v1"),
            "api_base",
            "OPENAI_API_BASE",
            "OPENAI_API_KEY",
            "authorization",
            true,
        ),
        "lakera_v2" => {
            home(Some("https://api.lakera.ai"), "api_base", "LAKERA_API_BASE", "LAKERA_API_KEY", "authorization", true)
        }
        "azure/prompt_shield" | "azure/text_moderations" => {
            let (base, key) = ("AZURE_CONTENT_SAFETY_API_BASE", "AZURE_CONTENT_SAFETY_API_KEY");
            home(None, "api_base", base, key, "ocp-apim-subscription-key", false)
        }
        bedrock::KIND => home(None, "api_base", "", bedrock::KEY, "authorization", true),
        _ => home(None, "api_base", "GENERIC_GUARDRAIL_API_BASE", "GENERIC_GUARDRAIL_API_KEY", "x-api-key", false),
    }
}

/// Reads one of these kinds.
pub fn read(params: &Section, kind: &str, (env, tokens): (&Env, &AccessTokens), notes: &mut Notes) -> Option<Check> {
    let way = way(params, kind, notes)?;
    let judges = matches!(way, Way::Judge { .. });
    let fail_open = match params.text("unreachable_fallback") {
        None | Some("fail_closed") => false,
        Some("fail_open") => true,
        Some(_) => {
            let remedy = "write unreachable_fallback: fail_closed";
            let (place, path) = (params.place("unreachable_fallback"), params.at("unreachable_fallback"));
            notes.error(place, &path, "neither fail_open nor fail_closed", remedy);
            return None;
        }
    };
    let usual = if judges { PATIENCE_WITH_MODELS } else { PATIENCE };
    let (endpoint, headers, signing) = match &way {
        Way::Judge { .. } => (None, HeaderMap::new(), None),
        Way::Bedrock(_) => {
            let (endpoint, signing) = bedrock::connect(params, (env, tokens), notes)?;
            (Some(endpoint), headers(params, &home(kind), env, notes)?, signing)
        }
        _ => {
            let home = home(kind);
            (Some(endpoint(params, &home, env, notes)?), headers(params, &home, env, notes)?, None)
        }
    };
    let timeout = params.seconds("timeout").unwrap_or(usual);
    Some(Check::Remote(Box::new(Remote { way, endpoint, headers, signing, timeout, fail_open })))
}

fn way(params: &Section, kind: &str, notes: &mut Notes) -> Option<Way> {
    Some(match kind {
        "presidio" => presidio(params, notes)?,
        "openai_moderation" => Way::Moderation(params.text("model").unwrap_or(MODERATION).to_owned()),
        "lakera_v2" => Way::Lakera(params.text("project_id").map(str::to_owned)),
        bedrock::KIND => bedrock::way(params, notes)?,
        "azure/prompt_shield" => Way::PromptShield,
        "azure/text_moderations" => {
            let own: Vec<String> = params.texts("categories").iter().map(|(name, _)| (*name).to_owned()).collect();
            let categories = if own.is_empty() { AZURE_CATEGORIES.map(str::to_owned).to_vec() } else { own };
            Way::TextModeration { categories, threshold: params.count("severity_threshold").unwrap_or(2) }
        }
        "llm_as_a_judge" => {
            let (Some(model), Some(prompt)) = (params.text("model"), params.text("prompt")) else {
                let missing = if params.text("model").is_none() { "model" } else { "prompt" };
                params.missing(missing, "model: a-group, prompt: 'no medical advice'", notes);
                return None;
            };
            Way::Judge { model: model.to_owned(), prompt: prompt.to_owned() }
        }
        _ => Way::Hook(params.node("additional_provider_specific_params").map_or_else(|| "{}".to_owned(), Node::json)),
    })
}

fn presidio(params: &Section, notes: &mut Notes) -> Option<Way> {
    let usual = put_back(params, action(params, "action", Action::Mask, notes)?);
    let mut actions_of = Vec::new();
    if let Some(Node { value: Value::Map(entries), .. }) = params.node("pii_entities_config") {
        for (name, node) in entries {
            let Some(action) = scalar(node).and_then(|scalar| named(&scalar.text)) else {
                notes.error(node.place, &params.at("pii_entities_config"), format!("{name}: no action"), actions());
                return None;
            };
            actions_of.push((name.clone(), put_back(params, action)));
        }
    }
    let named = params.texts("entities").into_iter().map(|(name, _)| name.to_owned());
    let entities = actions_of.iter().map(|(name, _)| name.clone()).chain(named).collect();
    let language = params.text("presidio_language").unwrap_or("en").to_owned();
    Some(Way::Presidio { language, entities, actions: actions_of, usual })
}

fn endpoint(params: &Section, home: &Home, env: &Env, notes: &mut Notes) -> Option<Endpoint> {
    let given = params.text(home.base_key).or_else(|| params.text("api_base")).map(str::to_owned);
    let found = given.or_else(|| env.get(home.base_variable)).or_else(|| home.base.map(str::to_owned));
    let Some(url) = found else {
        params.missing(home.base_key, &format!("{}: http://localhost:8080", home.base_key), notes);
        return None;
    };
    match Endpoint::parse(&url) {
        Ok(endpoint) => Some(endpoint),
        Err(why) => {
            notes.error(
                params.place(home.base_key),
                &params.at(home.base_key),
                why,
                "write e.g. http://localhost:8080",
            );
            None
        }
    }
}

fn headers(params: &Section, home: &Home, env: &Env, notes: &mut Notes) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    if let Some((variable, place)) = params.variable("api_key") {
        notes.error(place, &params.at("api_key"), format!("{variable} is not set"), format!("export {variable}=..."));
        return None;
    }
    if let Some(key) = params.text("api_key").map(str::to_owned).or_else(|| env.get(home.key_variable)) {
        let value = if home.bearer { format!("Bearer {key}") } else { key };
        match HeaderValue::from_str(&value) {
            Ok(mut value) => {
                value.set_sensitive(true);
                headers.insert(HeaderName::from_static(home.header), value);
            }
            Err(_) => {
                notes.error(params.place("api_key"), &params.at("api_key"), "cannot be put into a header", "");
                return None;
            }
        }
    }
    if let Some(Node { value: Value::Map(entries), .. }) = params.node("headers") {
        for (name, node) in entries {
            let value = scalar(node).and_then(|scalar| HeaderValue::from_str(&scalar.text).ok());
            let name = HeaderName::from_bytes(name.to_ascii_lowercase().as_bytes()).ok();
            let (Some(name), Some(mut value)) = (name, value) else {
                notes.error(node.place, &params.at("headers"), "is no header", "write e.g. headers: {x-team: us}");
                return None;
            };
            value.set_sensitive(true);
            headers.insert(name, value);
        }
    }
    Some(headers)
}
