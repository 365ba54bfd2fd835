//! A guardrail of Amazon Bedrock: where it is, which one it is, and what signs the questions.

use engine::{AccessTokens, Signing, Way};
use percent_encoding::utf8_percent_encode;
use providers::aws::Scope;
use providers::http::Endpoint;

use crate::bucket::SEGMENT;
use crate::config::aws;
use crate::config::environ::Env;
use crate::config::report::Notes;
use crate::config::section::Section;

/// What the kind is called.
pub const KIND: &str = "bedrock";
/// The service that signatures are for.
const SERVICE: &str = "bedrock";
/// Where it is of which nobody says where.
const USUAL: &str = "us-west-2";
/// The variable that holds an address.
const ADDRESS: &str = "AWS_BEDROCK_RUNTIME_ENDPOINT";
/// The variable that holds a key, which needs no signature.
pub const KEY: &str = "AWS_BEARER_TOKEN_BEDROCK";

/// Which guardrail is asked.
pub fn way(params: &Section, notes: &mut Notes) -> Option<Way> {
    let Some(id) = params.text("guardrailIdentifier") else {
        params.missing("guardrailIdentifier", "guardrailIdentifier: gr-abc123", notes);
        return None;
    };
    let version = params.text("guardrailVersion").unwrap_or("DRAFT");
    let [id, version] = [id, version].map(|name| utf8_percent_encode(name, SEGMENT));
    Some(Way::Bedrock(format!("/guardrail/{id}/version/{version}/apply")))
}

/// Where it is, and what signs; nothing, if a key does without.
pub fn connect(
    params: &Section,
    (env, tokens): (&Env, &AccessTokens),
    notes: &mut Notes,
) -> Option<(Endpoint, Option<Signing>)> {
    let given = |name: &str| params.text(name).map(str::to_owned);
    let of_env = |name: &str| env.get(name);
    let region = aws::region(&given, &of_env).unwrap_or_else(|| USUAL.to_owned());
    let named = given("aws_bedrock_runtime_endpoint").or_else(|| given("api_base")).or_else(|| env.get(ADDRESS));
    let url = named.unwrap_or_else(|| format!("https://bedrock-runtime.{region}.amazonaws.com"));
    let endpoint = Endpoint::parse(&url).map_err(|why| {
        let (place, path) = (params.place("api_base"), params.at("api_base"));
        notes.error(place, &path, why, "write e.g. aws_region_name: eu-central-1 instead");
    });
    let endpoint = endpoint.ok()?;
    let written = aws::PARAMS.iter().any(|name| given(name).is_some());
    if given("api_key").is_some() || !written && env.get(KEY).is_some() {
        return Some((endpoint, None));
    }
    match aws::find(&given, &of_env) {
        Ok(source) => {
            let scope = Scope { region, service: SERVICE };
            Some((endpoint, Some(Signing { scope, signer: tokens.signer(source) })))
        }
        Err(trouble) => {
            let remedy = "write aws_access_key_id and aws_secret_access_key, or name a profile";
            notes.error(params.place("aws_access_key_id"), &params.at("aws_access_key_id"), trouble, remedy);
            None
        }
    }
}
