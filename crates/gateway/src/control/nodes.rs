//! Engines on machines of one's own: what each has loaded and who waits (`GET /nodes`), and loading, unloading and waking
//! by hand. For administrators.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, header::CONTENT_TYPE};
use axum::response::IntoResponse;
use bytes::Bytes;
use dialects::json::{Doc, Writer};
use engine::nodes::{Fleet, LoadedView, ModelView, NodeView, NotNow};
use engine::{Caller, Setup};
use types::{Fault, FaultKind, Side};

use super::{fault, only_admins};
use crate::live::Live;

/// Calls of a queue that are shown one by one.
const MOST_CALLS: usize = 100;

/// Nodes, what they have loaded, and the queues.
pub async fn list(State(live): State<Arc<Live>>, Extension(caller): Extension<Arc<Caller>>) -> Response<Body> {
    if let Err(denied) = only_admins(&caller) {
        return fault(&denied);
    }
    let setup = live.setup();
    let views: Vec<_> = setup.fleets.iter().map(|fleet| fleet.view()).collect();
    let mut groups: Vec<_> = setup.groups.values().chain(setup.patterns.iter().map(|one| &one.group)).collect();
    groups.sort_by(|one, other| one.name.cmp(&other.name));
    answer(|w| {
        w.key("nodes").array(|w| {
            views.iter().flat_map(|fleet| &fleet.nodes).for_each(|node| w.object(|w| write_node(w, node)));
        });
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
pub async fn load(
    State(live): State<Arc<Live>>,
    Extension(caller): Extension<Arc<Caller>>,
    body: Bytes,
) -> Response<Body> {
    let Target { fleet, model, nodes } = match target(&live.setup(), &caller, &body) {
        Ok(target) => target,
        Err(wrong) => return fault(&wrong),
    };
    match fleet.load(&model, &nodes).await {
        Ok(()) => done("loaded", &model),
        Err(why) => fault(&not_now(&why, &model)),
    }
}

/// Unloads a model wherever it is loaded, or on the node that is named.
pub async fn unload(
    State(live): State<Arc<Live>>,
    Extension(caller): Extension<Arc<Caller>>,
    body: Bytes,
) -> Response<Body> {
    let Target { fleet, model, nodes } = match target(&live.setup(), &caller, &body) {
        Ok(target) => target,
        Err(wrong) => return fault(&wrong),
    };
    for (node, _) in nodes {
        match fleet.unload(&model, node).await {
            // Where it is not loaded, nothing is to be done.
            Ok(()) | Err(NotNow::NoNode) => {}
            Err(why) => return fault(&not_now(&why, &model)),
        }
    }
    done("unloaded", &model)
}

/// Wakes a node.
pub async fn wake(
    State(live): State<Arc<Live>>,
    Extension(caller): Extension<Arc<Caller>>,
    body: Bytes,
) -> Response<Body> {
    let woken = only_admins(&caller).and_then(|()| {
        let base = field(&body, "api_base")?.ok_or_else(|| missing("api_base"))?;
        let setup = live.setup();
        let nodes = setup.fleets.iter().flat_map(|fleet| {
            let nodes = fleet.view().nodes.into_iter().enumerate();
            nodes.map(move |(node, view)| (fleet.clone(), node, view.api_base))
        });
        let found = nodes.into_iter().find(|(_, _, url)| *url == base.trim_end_matches('/'));
        let (fleet, node, url) = found.ok_or_else(|| unknown(&format!("there is no node at {base:?}")))?;
        fleet.wake(node).map_err(|why| not_now(&why, &url))?;
        Ok(url)
    });
    match woken {
        Ok(url) => answer(|w| {
            w.str_field("status", "waking");
            w.str_field("api_base", &url);
        }),
        Err(wrong) => fault(&wrong),
    }
}

/// What a request is about.
struct Target {
    fleet: Arc<Fleet>,
    model: String,
    nodes: Vec<(usize, Option<u32>)>,
}

/// The nodes of the model that a body names, or the one of them that it names too.
fn target(setup: &Setup, caller: &Caller, body: &Bytes) -> Result<Target, Fault> {
    only_admins(caller)?;
    let name = field(body, "model")?.ok_or_else(|| missing("model"))?;
    let base = field(body, "api_base")?;
    let (group, star) = setup.find(&name).ok_or_else(|| unknown(&format!("there is no model {name:?}")))?;
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
fn field(body: &Bytes, name: &str) -> Result<Option<String>, Fault> {
    let doc = Doc::parse(body)?;
    match doc.root().get_some(name) {
        None => Ok(None),
        Some(value) => match value.as_string() {
            Some(text) => Ok(Some(text)),
            None => Err(Fault::invalid_param(name, format!("'{name}' must be a string"))),
        },
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
