//! Engines on machines of one's own: what each has loaded and who waits (`GET /nodes`), and loading, unloading and waking
//! by hand. For administrators.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, header::CONTENT_TYPE};
use axum::response::IntoResponse;
use dialects::json::{Doc, Writer};
use engine::Setup;
use engine::nodes::{Fleet, LoadedView, ModelView, NodeView, NotNow};
use providers::http::Endpoint;
use types::{Fault, FaultKind, Side};

use super::order::{Order, Refused};
use crate::host::Facts;
use crate::live::Live;

/// Calls of a queue that are shown one by one.
const MOST_CALLS: usize = 100;

type Answer = Result<Response<Body>, Refused>;

/// Nodes, what they have loaded, the queues, and the machine that the gateway runs on.
pub async fn list(State(live): State<Arc<Live>>, Order { setup, .. }: Order) -> Response<Body> {
    let facts = live.host.facts();
    let views: Vec<_> = setup.fleets.iter().map(|fleet| fleet.view()).collect();
    let mut groups: Vec<_> = setup.groups.values().chain(setup.patterns.iter().map(|one| &one.group)).collect();
    groups.sort_by(|one, other| one.name.cmp(&other.name));
    answer(|w| {
        w.key("nodes").array(|w| {
            views.iter().flat_map(|fleet| &fleet.nodes).for_each(|node| {
                w.object(|w| {
                    write_node(w, node);
                    write_power(w, &setup, &facts, &node.api_base);
                });
            });
        });
        w.key("host").object(|w| write_host(w, &facts));
        w.key("queues").array(|w| {
            for model in views.iter().flat_map(|fleet| &fleet.models) {
                w.object(|w| write_model(w, model));
            }
            for group in groups {
                for line in group.lines.view(MOST_CALLS) {
                    w.object(|w| {
                        w.str_field("model_group", &group.name);
                        w.num_field("waiting", line.waiting);
                        w.key("calls").array(|w| {
                            for (priority, position, expected_ms) in line.calls {
                                w.object(|w| write_call(w, priority, position, expected_ms));
                            }
                        });
                    });
                }
            }
        });
    })
}

fn write_node(w: &mut Writer, node: &NodeView) {
    w.str_field("api_base", &node.api_base);
    let status = match node {
        _ if node.is_asleep => "asleep",
        _ if node.rests_ms > 0 => "out",
        _ if node.loading.is_some() => "loading",
        _ if node.running > 0 => "busy",
        _ => "idle",
    };
    w.str_field("status", status);
    w.num_field("slots", node.slots);
    w.num_field("max_loaded_models", node.most_models);
    if let Some(bytes) = node.vram_bytes {
        w.num_field("vram_bytes", bytes);
    }
    w.num_field("running", node.running);
    if node.rests_ms > 0 {
        w.num_field("out_for_ms", node.rests_ms);
    }
    w.key("loaded").array(|w| node.loaded.iter().for_each(|one| w.object(|w| write_loaded(w, one))));
    if let Some(one) = &node.loading {
        w.key("loading").object(|w| write_loaded(w, one));
    }
}

/// What a node takes: as it is measured, if it is on this machine, otherwise as its hardware is declared.
fn write_power(w: &mut Writer, setup: &Setup, facts: &Facts, api_base: &str) {
    let is_here = Endpoint::parse(api_base).is_ok_and(|endpoint| endpoint.is_loopback());
    w.num_field("is_this_machine", is_here);
    let measured = facts.milliwatts().filter(|_| is_here);
    let groups = setup.groups.values().chain(setup.patterns.iter().map(|pattern| &pattern.group));
    let there = groups.flat_map(|group| &group.deployments).filter(|one| one.endpoint.url() == api_base);
    let declared =
        there.filter_map(|one| one.pricing.tariff(&one.model).hourly.as_ref().map(|hourly| hourly.hardware.milliwatts));
    if let Some(milliwatts) = measured.or_else(|| declared.max()) {
        w.num_field("watts", watts(milliwatts));
        w.str_field("watts_from", if measured.is_some() { "measured" } else { "declared" });
    }
}

/// What is known of this machine; what is not is not there.
fn write_host(w: &mut Writer, facts: &Facts) {
    let number = |w: &mut Writer, name: &str, value: Option<u64>| {
        value.into_iter().for_each(|value| w.num_field(name, value));
    };
    number(w, "memory_bytes", facts.memory_bytes);
    number(w, "memory_available_bytes", facts.available_bytes);
    number(w, "processors", facts.processors.map(|count| count as u64));
    facts.load.into_iter().for_each(|load| w.num_field("load", load));
    facts.milliwatts().into_iter().for_each(|milliwatts| w.num_field("watts", watts(milliwatts)));
    facts.energy_mj.into_iter().for_each(|energy| w.num_field("energy_wh", energy as f64 / 3_600_000.0));
    w.key("gpus").array(|w| {
        for gpu in &facts.gpus {
            w.object(|w| {
                gpu.name.iter().for_each(|name| w.str_field("name", name));
                number(w, "vram_bytes", gpu.memory_bytes);
                number(w, "vram_used_bytes", gpu.used_bytes);
                gpu.milliwatts.into_iter().for_each(|milliwatts| w.num_field("watts", watts(milliwatts)));
                number(w, "temperature_celsius", gpu.celsius.map(u64::from));
                number(w, "busy_percent", gpu.busy_percent.map(u64::from));
            });
        }
    });
}

fn watts(milliwatts: u64) -> f64 {
    milliwatts as f64 / 1000.0
}

fn write_loaded(w: &mut Writer, one: &LoadedView) {
    w.str_field("model", &one.model);
    w.num_field("num_ctx", one.num_ctx);
    w.num_field("vram_bytes", one.vram_bytes);
    w.num_field("running", one.running);
}

fn write_model(w: &mut Writer, model: &ModelView) {
    w.str_field("model", &model.model);
    w.num_field("waiting", model.waiting);
    w.key("calls").array(|w| {
        for call in &model.calls {
            w.object(|w| {
                write_call(w, call.priority, call.position, call.expected_ms);
                w.num_field("waited_ms", call.waited_ms);
            });
        }
    });
}

fn write_call(w: &mut Writer, priority: i64, position: usize, expected_ms: Option<u64>) {
    w.num_field("priority", priority);
    w.num_field("position", position);
    if let Some(ms) = expected_ms {
        w.num_field("expected_ms", ms);
    }
}

/// Loads a model on the node that is soonest ready, or on the one that is named.
pub async fn load(order: Order) -> Answer {
    let Target { fleet, model, nodes } = order.target()?;
    fleet.load(&model, &nodes).await.map_err(|why| not_now(&why, &model))?;
    Ok(done("loaded", &model))
}

/// Unloads a model wherever it is loaded, or on the node that is named.
pub async fn unload(order: Order) -> Answer {
    let Target { fleet, model, nodes } = order.target()?;
    for (node, _) in nodes {
        match fleet.unload(&model, node).await {
            // Where it is not loaded, nothing is to be done.
            Ok(()) | Err(NotNow::NoNode) => {}
            Err(why) => return Err(not_now(&why, &model).into()),
        }
    }
    Ok(done("unloaded", &model))
}

/// Wakes a node.
pub async fn wake(order: Order) -> Answer {
    let base = order.field("api_base")?.ok_or_else(|| missing("api_base"))?;
    let mut nodes = order.setup.fleets.iter().flat_map(|fleet| {
        let nodes = fleet.view().nodes.into_iter().enumerate();
        nodes.map(move |(node, view)| (fleet, node, view.api_base))
    });
    let found = nodes.find(|(_, _, url)| *url == base.trim_end_matches('/'));
    let (fleet, node, url) = found.ok_or_else(|| unknown(&format!("there is no node at {base:?}")))?;
    fleet.wake(node).map_err(|why| not_now(&why, &url))?;
    Ok(answer(|w| {
        w.str_field("status", "waking");
        w.str_field("api_base", &url);
    }))
}

/// What a request is about.
struct Target {
    fleet: Arc<Fleet>,
    model: String,
    nodes: Vec<(usize, Option<u32>)>,
}

impl Order {
    /// The nodes of the model that the body names, or the one of them that it names too.
    fn target(&self) -> Result<Target, Fault> {
        let name = self.field("model")?.ok_or_else(|| missing("model"))?;
        let base = self.field("api_base")?;
        let (group, star) = self.setup.find(&name).ok_or_else(|| unknown(&format!("there is no model {name:?}")))?;
        let mut target: Option<Target> = None;
        for deployment in &group.deployments {
            let Some((berth, engine)) = deployment.node.as_ref().zip(deployment.back.local_engine()) else { continue };
            if base.as_deref().is_some_and(|base| base.trim_end_matches('/') != deployment.endpoint.url()) {
                continue;
            }
            let model = engine.full_name(&deployment.upstream_model(star.as_deref()));
            let known = target.get_or_insert_with(|| Target {
                fleet: berth.fleet.clone(),
                model: model.clone(),
                nodes: Vec::new(),
            });
            if known.model == model && Arc::ptr_eq(&known.fleet, &berth.fleet) {
                known.nodes.push((berth.node, berth.most_ctx));
            }
        }
        let where_ = base.map_or_else(String::new, |base| format!(" at {base:?}"));
        target.ok_or_else(|| unknown(&format!("{name:?} is on no node{where_} that is managed here")))
    }

    /// A text of the body.
    fn field(&self, name: &str) -> Result<Option<String>, Fault> {
        let doc = Doc::parse(&self.body)?;
        match doc.root().get_some(name) {
            None => Ok(None),
            Some(value) => match value.as_string() {
                Some(text) => Ok(Some(text)),
                None => Err(Fault::invalid_param(name, format!("'{name}' must be a string"))),
            },
        }
    }
}

fn missing(name: &str) -> Fault {
    Fault::invalid_param(name, format!("you must provide '{name}'"))
}

fn unknown(message: &str) -> Fault {
    Fault::new(FaultKind::NotFound, Side::Caller, message)
}

fn not_now(why: &NotNow, what: &str) -> Fault {
    let message = match why {
        NotNow::NoNode => return unknown(&format!("no node has {what}")),
        NotNow::Busy => format!("{what} is in use: try again when its calls are over"),
        NotNow::Asleep => format!("{what} cannot be woken: its entry in router_settings.nodes has no `mac`"),
        NotNow::Failed(why) => why.clone(),
    };
    let status = if matches!(why, NotNow::Failed(_)) { 502 } else { 409 };
    Fault { status: Some(status), ..Fault::new(FaultKind::InvalidRequest, Side::Caller, message) }
}

fn done(status: &str, model: &str) -> Response<Body> {
    answer(|w| {
        w.str_field("status", status);
        w.str_field("model", model);
    })
}

fn answer(write: impl FnOnce(&mut Writer)) -> Response<Body> {
    ([(CONTENT_TYPE, "application/json")], Writer::document(write).freeze()).into_response()
}
