//! A setup without a configuration file: from flags that describe one model, or from what is found on this machine.
//!
//! Either way a configuration is written and read like any other, so that there is one way of meaning things.

use std::net::{TcpStream, ToSocketAddrs};
use std::path::Path;
use std::time::{Duration, SystemTime};

use dialects::json::string;
use engine::Roll;
use providers::http::Endpoint;
use providers::{Auth, Provider};

use super::added::Added;
use super::build::{self, World};
use super::environ::{Env, ReadEnv};
use super::{Copies, Loaded, read_file};

/// How long an engine on this machine may take to accept a connection.
const PATIENCE: Duration = Duration::from_millis(300);

/// What the built-in model is called.
const DEMO: &str = "mock/demo";

/// The engine that is looked for without any variable, and the variables that may name its address.
const ENGINE: &str = "ollama";
const ENGINE_ADDRESSES: [&str; 2] = ["OLLAMA_API_BASE", "OLLAMA_HOST"];

/// The flags that describe one model.
#[derive(Clone, Debug, Default)]
pub struct Quick {
    /// `provider/model`.
    pub model: Option<String>,
    /// The name it is served under; otherwise that of the model.
    pub alias: Option<String>,
    /// Address of the provider.
    pub api_base: Option<String>,
    /// Temperature where callers give none.
    pub temperature: Option<f64>,
    /// Bound of the output where callers give none.
    pub max_tokens: Option<u64>,
    /// Seconds that a call may take.
    pub request_timeout: Option<f64>,
    /// Drops parameters that the model does not know.
    pub drop_params: bool,
}

/// The model of the flags; without one, `provider/*` for every provider whose key is in the environment and for an
/// Ollama that answers, and if there is neither, a built-in model that answers all the same.
pub fn discover(quick: &Quick, env: ReadEnv, roll: &Roll) -> Loaded {
    look(
        quick,
        &World { env, roll, now: SystemTime::now(), copies: &Copies::default(), added: &Added::default() },
        &answers,
    )
}

/// As [`discover`]; `answers` tells whether somebody listens at an address.
fn look(quick: &Quick, world: &World, answers: &dyn Fn(&Endpoint) -> bool) -> Loaded {
    if let Some(model) = &quick.model {
        return read("command line", &one(model, quick), world, Vec::new());
    }
    let env = Env::new(world.env);
    let (mut entries, mut found) = keys(&env);
    if let Some((base, line)) = engine(&env, answers) {
        entries.push(entry(&format!("{ENGINE}/*"), &format!("{ENGINE}/*"), &[("api_base", string(&base))]));
        found.push(line);
    }
    if entries.is_empty() {
        entries.push(entry(DEMO, DEMO, &[]));
        found.push(format!("found no provider's key and no Ollama: serving the built-in model {DEMO}"));
    }
    read("environment", &format!("model_list: [{}]", entries.join(", ")), world, found)
}

fn read(name: &str, text: &str, world: &World, mut found: Vec<String>) -> Loaded {
    let read = |path: &Path| if path == Path::new(name) { Ok(text.as_bytes().to_vec()) } else { read_file(path) };
    let loaded = build::load(Path::new(name), &read, world);
    if loaded.price_map.is_some() {
        found.push("an address of a price map is asked only for a configuration file".to_owned());
    }
    // There is no file that a change of would be a reason to load again.
    Loaded { found, files: Vec::new(), price_map: None, ..loaded }
}

fn one(model: &str, quick: &Quick) -> String {
    let params = [
        ("api_base", quick.api_base.as_deref().map(string)),
        ("temperature", quick.temperature.map(|number| number.to_string())),
        ("max_tokens", quick.max_tokens.map(|number| number.to_string())),
        ("timeout", quick.request_timeout.map(|number| number.to_string())),
        ("drop_params", quick.drop_params.then(|| "true".to_owned())),
    ];
    let params: Vec<_> = params.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    format!("model_list: [{}]", entry(quick.alias.as_deref().unwrap_or(model), model, &params))
}

/// An entry of `model_list`, as JSON, which is YAML too.
fn entry(name: &str, model: &str, params: &[(&str, String)]) -> String {
    let params: String = params.iter().map(|(name, value)| format!(", {}: {value}", string(name))).collect();
    format!("{{\"model_name\": {}, \"litellm_params\": {{\"model\": {}{params}}}}}", string(name), string(model))
}

/// Entries for all providers whose key is in the environment, and a line for each variable.
fn keys(env: &Env) -> (Vec<String>, Vec<String>) {
    let (mut entries, mut found) = (Vec::new(), Vec::<(&str, Vec<&str>)>::new());
    for provider in providers::all().iter().filter(|provider| provider.auth != Auth::None && !provider.local) {
        let Some(variable) = provider.key_env.iter().copied().find(|name| env.get(name).is_some()) else { continue };
        if !is_reachable(provider, env) {
            continue;
        }
        entries.push(entry(&format!("{}/*", provider.id), &format!("{}/*", provider.id), &[]));
        match found.iter_mut().find(|(known, _)| *known == variable) {
            Some((_, ids)) => ids.push(provider.id),
            None => found.push((variable, vec![provider.id])),
        }
    }
    let line = |(variable, mut ids): (&str, Vec<&str>)| {
        // The shortest id is the one that people know; the others are its variants.
        ids.sort_by_key(|id| id.len());
        format!("found {variable}: serving {}/*", ids.join("/*, "))
    };
    (entries, found.into_iter().map(line).collect())
}

fn is_reachable(provider: &Provider, env: &Env) -> bool {
    provider.usual_base(|name| env.get(name)).is_some_and(|base| Endpoint::parse(&base).is_ok())
}

/// The address of an Ollama that answers, and a line about it.
fn engine(env: &Env, answers: &dyn Fn(&Endpoint) -> bool) -> Option<(String, String)> {
    let named = ENGINE_ADDRESSES.into_iter().find_map(|name| env.get(name));
    let base = match named {
        Some(named) => address(&named),
        None => providers::find(ENGINE)?.api_base?.to_owned(),
    };
    let endpoint = Endpoint::parse(&base).ok().filter(|endpoint| answers(endpoint))?;
    let line = format!("found Ollama at {}: serving {ENGINE}/*", endpoint.url());
    Some((base, line))
}

/// An address as `OLLAMA_HOST` may give it: scheme and port can be missing, and a server's "any address" means this
/// machine.
fn address(host: &str) -> String {
    let host = host.trim().trim_end_matches('/');
    let (scheme, host) = host.split_once("://").unwrap_or(("http", host));
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => (name, port),
        _ if scheme == "https" => (host, "443"),
        _ => (host, "11434"),
    };
    let name = if ["", "0.0.0.0", "[::]", "::"].contains(&name) { "127.0.0.1" } else { name };
    format!("{scheme}://{name}:{port}")
}

/// Whether somebody listens there.
fn answers(endpoint: &Endpoint) -> bool {
    let Ok(mut addresses) = (&*endpoint.host, endpoint.port).to_socket_addrs() else {
        return false;
    };
    addresses.any(|address| TcpStream::connect_timeout(&address, PATIENCE).is_ok())
}

#[cfg(test)]
mod tests;
