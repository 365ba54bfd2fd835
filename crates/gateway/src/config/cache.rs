//! Answers that are given again: `litellm_settings.cache` and `cache_params`.

mod bucket;
mod semantic;

pub use semantic::check;

use std::sync::Arc;
use std::time::Duration;

use engine::AccessTokens;
use engine::cache::{Cache, CacheTerms, Scope, Shelves};
use store::cache::Elsewhere;

use super::environ::Env;
use super::keys::CACHE_PARAMS;
use super::redis;
use super::report::Notes;
use super::section::{Section, scalar};
use super::tree::{Node, Value};

/// Where answers can be kept.
const PLACES: [&str; 6] = ["local", "redis", "valkey", "disk", "s3", "gcs"];
/// The incumbent's names for caches that compare questions by what they mean: where that is done is our own business.
const SEMANTIC: [&str; 3] = ["redis-semantic", "valkey-semantic", "qdrant-semantic"];
/// Where the incumbent can keep them too.
const OTHERS: [&str; 1] = ["azure-blob"];
/// Kinds of calls, in the incumbent's words; each may have an `a` before it.
const CALL_TYPES: [&str; 7] =
    ["completion", "text_completion", "embedding", "anthropic_messages", "responses", "transcription", "rerank"];
/// How long answers that replicas share are in memory too: so long a replica gives what another one has forgotten.
const BESIDE_OTHERS: Duration = Duration::from_secs(60);
/// Bytes of a folder for answers.
const DISK_BYTES: u64 = 1 << 30;
/// Longest namespace, bytes.
const LONGEST_NAMESPACE: usize = 128;

/// The cache, if there is to be one.
pub fn read(
    library: &Section,
    (env, tokens): (&Env, &AccessTokens),
    shelves: &Shelves,
    notes: &mut Notes,
) -> Option<Arc<Cache>> {
    let path = library.at("cache_params");
    let section = Section::read(library.node("cache_params"), &path, &CACHE_PARAMS, notes);
    let site = redis::of_cache(&section, env, notes);
    let place = place(&section, site.is_some(), notes)?;
    let elsewhere = match place {
        "local" => None,
        "disk" => Some(folder(&section, notes)?),
        "s3" | "gcs" => Some(Elsewhere::Bucket(bucket::read(&section, place, (env, tokens), notes)?)),
        _ => site.map(Elsewhere::Redis),
    };
    let mut terms = terms(&section, elsewhere.as_ref(), notes);
    terms.semantic = semantic::read(&section, notes);
    if library.flag("cache") != Some(true) {
        return None;
    }
    match shelves.cache(terms, elsewhere.as_ref()) {
        Ok(cache) => Some(Arc::new(cache)),
        Err(why) => {
            notes.error(section.place, &path, format!("where answers are kept cannot be used: {why}"), "");
            None
        }
    }
}

/// Where answers are kept; nothing if that is nowhere.
fn place(section: &Section, has_redis: bool, notes: &mut Notes) -> Option<&'static str> {
    let Some(name) = section.text("type") else { return Some(if has_redis { PLACES[1] } else { PLACES[0] }) };
    let (at, path) = (section.place("type"), section.at("type"));
    let name = match name {
        // There is no Qdrant to ask: answers are in Redis, if one is named.
        "qdrant-semantic" => PLACES[usize::from(has_redis)],
        name if SEMANTIC.contains(&name) => PLACES[1],
        name => name,
    };
    match PLACES.into_iter().find(|place| *place == name) {
        Some("redis" | "valkey") if !has_redis => {
            let message = "no Redis is named, neither here nor in the environment: answers are kept in memory alone";
            notes.warn(at, &path, message, "write e.g. host: redis, or set REDIS_URL or REDIS_HOST");
            Some(PLACES[0])
        }
        Some(place) => Some(place),
        None if OTHERS.contains(&name) => {
            let message = format!("{name} is known, but not honoured yet: no answer is kept");
            notes.warn(at, &path, message, "write e.g. type: redis");
            None
        }
        None => {
            notes.error(at, &path, format!("expected one of {}", PLACES.join(", ")), "write e.g. type: redis");
            None
        }
    }
}

/// The folder for answers.
fn folder(section: &Section, notes: &mut Notes) -> Option<Elsewhere> {
    let path = section.text("disk_cache_dir");
    if path.is_none() {
        section.missing("disk_cache_dir", "disk_cache_dir: /var/cache/lockgate", notes);
    }
    let bytes = section.count("max_disk_mb").map_or(DISK_BYTES, |mb| mb.saturating_mul(1 << 20));
    path.map(|path| Elsewhere::Folder(path.into(), bytes))
}

fn terms(section: &Section, elsewhere: Option<&Elsewhere>, notes: &mut Notes) -> CacheTerms {
    let usual = CacheTerms::default();
    let in_redis = matches!(elsewhere, Some(Elsewhere::Redis(_)));
    let is_shared = in_redis || matches!(elsewhere, Some(Elsewhere::Bucket(_)));
    let ttl = section.seconds("ttl");
    let in_redis_ttl = section.seconds("default_in_redis_ttl").filter(|_| in_redis);
    let memory = section.seconds("default_in_memory_ttl");
    CacheTerms {
        on_request: on_request(section, notes),
        ttl: in_redis_ttl.or(ttl).or(memory.filter(|_| !is_shared)).unwrap_or(usual.ttl),
        memory_ttl: memory.unwrap_or(if is_shared { BESIDE_OTHERS } else { usual.memory_ttl }),
        namespace: namespace(section, notes),
        call_types: call_types(section, notes),
        scope: scope_of_all(section, notes).unwrap_or(usual.scope),
        group_scopes: match section.node("group_scopes").map(|node| &node.value) {
            Some(Value::Map(groups)) => {
                let path = section.at("group_scopes");
                let read = |(group, node): &(String, Node)| {
                    Some((group.clone(), scope(node, &format!("{path}.{group}"), notes)?))
                };
                groups.iter().filter_map(read).collect()
            }
            _ => usual.group_scopes,
        },
        memory_bytes: section.count("max_memory_mb").map_or(usual.memory_bytes, |mb| mb.saturating_mul(1 << 20)),
        item_bytes: section.small("max_item_kb").map_or(usual.item_bytes, |kb| (kb as usize).saturating_mul(1 << 10)),
        semantic: None,
    }
}

fn scope_of_all(section: &Section, notes: &mut Notes) -> Option<Scope> {
    if let Some(node) = section.node("scope") {
        return scope(node, &section.at("scope"), notes);
    }
    // In the incumbent's words.
    match section.text("semantic_cache_scope")? {
        "key" => Some(Scope::Key),
        "end_user" => Some(Scope::Customer),
        _ => {
            let (at, path) = (section.place("semantic_cache_scope"), section.at("semantic_cache_scope"));
            notes.error(at, &path, "expected key or end_user", "write e.g. scope: team");
            None
        }
    }
}

fn on_request(section: &Section, notes: &mut Notes) -> bool {
    match section.text("mode") {
        None | Some("default_on") => false,
        Some("default_off") => true,
        Some(_) => {
            let (at, path) = (section.place("mode"), section.at("mode"));
            notes.error(at, &path, "expected default_on or default_off", "write e.g. mode: default_off");
            false
        }
    }
}

fn namespace(section: &Section, notes: &mut Notes) -> String {
    let name = section.text("namespace").unwrap_or_default();
    if name.len() > LONGEST_NAMESPACE {
        let message = format!("it is longer than {LONGEST_NAMESPACE} bytes");
        notes.error(section.place("namespace"), &section.at("namespace"), message, "write e.g. namespace: lockgate");
        return String::new();
    }
    name.to_owned()
}

/// The kinds of calls without the `a` that may stand before them.
fn call_types(section: &Section, notes: &mut Notes) -> Option<Vec<String>> {
    section.node("supported_call_types")?;
    let path = section.at("supported_call_types");
    let bare = |name: &str| {
        let known = |name: &str| CALL_TYPES.into_iter().find(|known| *known == name);
        known(name).or_else(|| known(name.strip_prefix('a')?))
    };
    let mut types = Vec::new();
    for (name, at) in section.texts("supported_call_types") {
        match bare(name) {
            Some(name) => types.push(name.to_owned()),
            None => {
                let near = policy::nearest(name, CALL_TYPES).map(|near| format!("did you mean {near}?"));
                notes.error(at, &path, "no kind of call is called like this", near.unwrap_or_default());
            }
        }
    }
    Some(types)
}

fn scope(node: &Node, path: &str, notes: &mut Notes) -> Option<Scope> {
    let name = scalar(node).map(|scalar| scalar.text.trim());
    let found = Scope::ALL.into_iter().find(|scope| Some(scope.name()) == name);
    if found.is_none() {
        let known = Scope::ALL.map(Scope::name).join(", ");
        notes.error(node.place, path, format!("expected one of {known}"), "write e.g. scope: team");
    }
    found
}

#[cfg(test)]
mod tests;
