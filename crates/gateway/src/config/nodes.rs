//! Engines on machines of one's own: which deployments are on nodes, which nodes share models, and what is known of each.

use std::collections::{BTreeMap, HashMap};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use dialects::LocalEngine;
use engine::nodes::{Berth, Fleet, FleetTerms, Fleets, ModelTerms, Site, Wake};
use engine::{Deployment, Queueing};
use policy::nodes as plan;
use providers::http::Endpoint;
use types::{Decimal, Raw};

use super::keys::NODE;
use super::models::Row;
use super::report::{Notes, Place};
use super::section::Section;
use super::tree::{Node, Value};

/// The context of a model of which nobody says anything, tokens.
const USUAL_CTX: u32 = 8_192;
/// Models at a time where the memory is known, as Ollama has it on one GPU.
const USUAL_MODELS: u32 = 3;
/// How long a load may take, and how long a node takes to wake up.
const LONGEST_LOAD: Duration = Duration::from_secs(600);
const WAKE: Duration = Duration::from_secs(60);
/// Where a packet for wake-on-LAN goes.
const EVERYBODY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::BROADCAST), 9);

/// What an entry of `model_list` says about its model on a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Local {
    /// Whether its node is managed here.
    pub is_managed: bool,
    /// On how many nodes it is kept loaded.
    pub preload: u32,
    /// The largest context, tokens.
    pub most_ctx: Option<u32>,
}

/// A node that the configuration describes.
pub struct Declared {
    endpoint: Endpoint,
    slots: Option<u32>,
    most_models: Option<u32>,
    vram_bytes: Option<u64>,
    wake: Option<Wake>,
    wake_time: Duration,
    longest_load: Duration,
    place: Place,
    path: String,
}

/// Reads `router_settings.nodes`.
pub fn read(router: &Section, notes: &mut Notes) -> Vec<Declared> {
    let items: &[Node] = match router.node("nodes").map(|node| &node.value) {
        Some(Value::List(items)) => items,
        _ => &[],
    };
    let read = |(index, node): (usize, &Node)| declared(node, &format!("{}[{index}]", router.at("nodes")), notes);
    items.iter().enumerate().filter_map(read).collect()
}

fn declared(node: &Node, path: &str, notes: &mut Notes) -> Option<Declared> {
    let section = Section::read(Some(node), path, &NODE, notes);
    let Some(base) = section.text("api_base") else {
        section.missing("api_base", "api_base: http://gpu-1:11434", notes);
        return None;
    };
    let mut wrong = |name: &str, why: String, example: &str| {
        notes.error(section.place(name), &section.at(name), why, format!("write e.g. {name}: {example}"));
    };
    let endpoint = Endpoint::parse(base).map_err(|why| wrong("api_base", why, "http://gpu-1:11434")).ok()?;
    let vram_bytes = section.text("vram").and_then(|text| {
        bytes(text).or_else(|| {
            wrong("vram", format!("not an amount of memory: {text:?}"), "24GB");
            None
        })
    });
    let to = section.text("wake_address").map_or(Some(EVERYBODY), |text| {
        text.parse().ok().or_else(|| {
            wrong("wake_address", format!("not an address with a port: {text:?}"), "192.168.1.255:9");
            None
        })
    });
    let mac = section.text("mac").and_then(|text| {
        hardware_address(text).or_else(|| {
            wrong("mac", format!("not a hardware address: {text:?}"), "\"a4:bb:6d:01:02:03\"");
            None
        })
    });
    Some(Declared {
        endpoint,
        slots: section.small("slots").filter(|slots| *slots > 0),
        most_models: section.small("max_loaded_models").filter(|most| *most > 0),
        vram_bytes,
        wake: mac.zip(to).map(|(mac, to)| Wake { mac, to }),
        wake_time: section.seconds("wake_seconds").unwrap_or(WAKE),
        longest_load: section.seconds("load_timeout").unwrap_or(LONGEST_LOAD),
        place: section.place,
        path: path.to_owned(),
    })
}

/// An amount of memory: a number with a unit.
fn bytes(text: &str) -> Option<u64> {
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == ' ');
    let unit: u64 = match text[number.len()..].trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "mb" | "m" => 1_000_000,
        "gb" | "g" => 1_000_000_000,
        "tb" | "t" => 1_000_000_000_000,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        "tib" => 1 << 40,
        _ => return None,
    };
    let bytes = Decimal::parse(number.trim())?.to_f64() * unit as f64;
    (1.0..1e18).contains(&bytes).then_some(bytes as u64)
}

/// Six bytes in hexadecimal.
fn hardware_address(text: &str) -> Option<[u8; 6]> {
    let parts = text.split([':', '-']).map(|part| u8::from_str_radix(part, 16).ok().filter(|_| part.len() == 2));
    parts.collect::<Option<Vec<u8>>>()?.try_into().ok()
}

/// The engine of a deployment that runs on a node.
fn engine(row: &Row) -> Option<&'static dyn LocalEngine> {
    let deployment = &row.deployment;
    let is_local = providers::find(deployment.provider).is_some_and(|provider| provider.local);
    let engine =
        deployment.back.local_engine().filter(|_| is_local && row.local.is_managed && deployment.canned.is_none())?;
    engine.runs(&deployment.endpoint.host, &deployment.model).then_some(engine)
}

/// Which nodes are in one fleet: those that share a group or a model, directly or by way of others.
struct Shores {
    endpoints: Vec<Endpoint>,
    /// By node: the one that stands for its fleet, or one that knows more.
    leads: Vec<usize>,
    /// The first node of each group and each model.
    firsts: HashMap<String, usize>,
}

impl Shores {
    fn node(&mut self, endpoint: &Endpoint) -> usize {
        self.endpoints.iter().position(|known| known == endpoint).unwrap_or_else(|| {
            self.endpoints.push(endpoint.clone());
            self.leads.push(self.leads.len());
            self.leads.len() - 1
        })
    }

    fn lead(&self, node: usize) -> usize {
        if self.leads[node] == node { node } else { self.lead(self.leads[node]) }
    }

    fn share(&mut self, node: usize, what: String) {
        let first = *self.firsts.entry(what).or_insert(node);
        let (one, other) = (self.lead(first), self.lead(node));
        self.leads[one.max(other)] = one.min(other);
    }
}

/// Gives deployments on nodes their places, and returns the fleets.
pub fn assign(
    rows: &mut [Row],
    declared: &[Declared],
    queueing: &Queueing,
    fleets: &Fleets,
    notes: &mut Notes,
) -> Vec<Arc<Fleet>> {
    let mut shores = Shores { endpoints: Vec::new(), leads: Vec::new(), firsts: HashMap::new() };
    // By row: its node among all.
    let mut nodes = HashMap::new();
    for (index, row) in rows.iter().enumerate() {
        let Some(engine) = engine(row) else { continue };
        let node = shores.node(&row.deployment.endpoint);
        nodes.insert(index, node);
        shores.share(node, format!("group {}", row.group));
        if !row.deployment.model.contains('*') {
            shores.share(node, format!("model {}", engine.full_name(&row.deployment.model)));
        }
    }
    let mut parts: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for index in 0..rows.len() {
        if let Some(node) = nodes.get(&index) {
            parts.entry(shores.lead(*node)).or_default().push(index);
        }
    }
    for one in declared.iter().filter(|one| !shores.endpoints.contains(&one.endpoint)) {
        let message = format!("no engine that is managed here is called at {}", one.endpoint.url());
        notes.warn(one.place, &format!("{}.api_base", one.path), message, "write it as in model_list");
    }
    parts.into_values().map(|indexes| fleet(rows, &indexes, declared, queueing, fleets, notes)).collect()
}

/// The fleet of these rows.
fn fleet(
    rows: &mut [Row],
    indexes: &[usize],
    declared: &[Declared],
    queueing: &Queueing,
    fleets: &Fleets,
    notes: &mut Notes,
) -> Arc<Fleet> {
    let (mut sites, mut models): (Vec<Site>, Vec<ModelTerms>) = Default::default();
    let usual = |num_ctx: u32| {
        let most_waiting = queueing.size;
        plan::ModelTerms { num_ctx, most_waiting, patience_ms: None, kept_on: 0 }
    };
    let (mut open, mut berths) = (usual(USUAL_CTX), Vec::new());
    for index in indexes {
        let row = &mut rows[*index];
        let Some(engine) = engine(row) else { continue };
        if row.local.preload > 0 && !row.deployment.defaults.iter().any(|(name, _)| name == "keep_alive") {
            row.deployment.defaults.push(("keep_alive".to_owned(), Raw::new("-1")));
        }
        let deployment = &row.deployment;
        let known = sites.iter().position(|site| site.deployment.endpoint == deployment.endpoint);
        let node = match known {
            Some(node) => node,
            None if sites.len() < plan::NodeSet::MOST => {
                let declared = declared.iter().find(|one| one.endpoint == deployment.endpoint);
                sites.push(site(deployment, declared));
                sites.len() - 1
            }
            None => {
                let message = format!("more than {} nodes share models: this one is not managed", plan::NodeSet::MOST);
                notes.warn(row.place, &row.path, message, "give some of them groups and models of their own");
                continue;
            }
        };
        let slots = &mut sites[node].terms.slots;
        if declared.iter().all(|one| one.endpoint != deployment.endpoint || one.slots.is_none()) {
            let parallel = deployment.bounds.limits.parallel.map_or(1, |most| u32::try_from(most).unwrap_or(u32::MAX));
            *slots = (*slots).max(parallel.clamp(1, 1_024));
        }
        let stated = |name: &str| deployment.defaults.iter().find(|(own, _)| own == name).map(|(_, value)| value);
        let num_ctx = stated("num_ctx").and_then(|value| value.get().trim_matches('"').parse().ok());
        berths.push((*index, node, row.local.most_ctx));
        if deployment.model.contains('*') {
            open.num_ctx = num_ctx.unwrap_or(open.num_ctx).max(1);
            continue;
        }
        let name = engine.full_name(&deployment.model);
        let at = models.iter().position(|model| model.name == name).unwrap_or_else(|| {
            models.push(ModelTerms { name, terms: usual(0), keep_alive: None, on: Vec::new() });
            models.len() - 1
        });
        let model = &mut models[at];
        model.terms.num_ctx = model.terms.num_ctx.max(num_ctx.unwrap_or(0));
        model.terms.kept_on = model.terms.kept_on.max(row.local.preload);
        model.keep_alive = model.keep_alive.take().or_else(|| stated("keep_alive").cloned());
        model.on.retain(|(known, _)| *known != node);
        model.on.push((node, row.local.most_ctx));
    }
    models.iter_mut().filter(|model| model.terms.num_ctx == 0).for_each(|model| model.terms.num_ctx = USUAL_CTX);
    let fleet = fleets.of(FleetTerms { sites, models, usual: open });
    for (index, node, most_ctx) in berths {
        rows[index].deployment.node = Some(Berth { fleet: fleet.clone(), node, most_ctx });
    }
    fleet
}

fn site(deployment: &Deployment, declared: Option<&Declared>) -> Site {
    let vram_bytes = declared.and_then(|one| one.vram_bytes);
    let usual = if vram_bytes.is_some() { USUAL_MODELS } else { 1 };
    let wake = declared.and_then(|one| one.wake);
    let terms = plan::NodeTerms {
        slots: declared.and_then(|one| one.slots).unwrap_or(1),
        most_models: declared.and_then(|one| one.most_models).unwrap_or(usual),
        vram_bytes,
        models: BTreeMap::new(),
        wake_ms: wake.and(declared).map(|one| one.wake_time.as_millis() as u64),
    };
    let longest_load = declared.map_or(LONGEST_LOAD, |one| one.longest_load);
    Site { deployment: Arc::new(deployment.clone()), terms, wake, longest_load }
}

#[cfg(test)]
mod tests;
