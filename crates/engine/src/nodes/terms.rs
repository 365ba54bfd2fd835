//! What a fleet is, as configured.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use policy::nodes;
use types::Raw;

use super::Fleet;
use crate::Deployment;

/// A deployment's place in a fleet: the node that it is on.
#[derive(Clone)]
pub struct Berth {
    /// The fleet.
    pub fleet: Arc<Fleet>,
    /// The node's number in it.
    pub node: usize,
    /// The largest context, tokens, if the operator says; otherwise the node is asked.
    pub most_ctx: Option<u32>,
}

/// Nodes that share models.
pub struct FleetTerms {
    /// The nodes, [`nodes::NodeSet::MOST`] at most.
    pub sites: Vec<Site>,
    /// The models that are configured.
    pub models: Vec<ModelTerms>,
    /// How models are served that callers name through a wildcard.
    pub usual: nodes::ModelTerms,
}

/// A node.
pub struct Site {
    /// Any deployment there: how the node is reached, and in which dialect.
    pub deployment: Arc<Deployment>,
    /// What it can hold and do; of its models only the configured ones.
    pub terms: nodes::NodeTerms,
    /// How it is woken, if it can be.
    pub wake: Option<Wake>,
    /// How long a load may take.
    pub longest_load: Duration,
}

/// Wake-on-LAN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wake {
    /// The hardware address of the node.
    pub mac: [u8; 6],
    /// Where the packet is sent, by UDP: an address for broadcasts, mostly.
    pub to: SocketAddr,
}

/// A model.
pub struct ModelTerms {
    /// Its whole name.
    pub name: String,
    /// How it is served.
    pub terms: nodes::ModelTerms,
    /// How long it stays in memory unused, as the engine writes that.
    pub keep_alive: Option<Raw>,
    /// Numbers of the nodes that have it, and the largest context there if the operator says.
    pub on: Vec<(usize, Option<u32>)>,
}

impl FleetTerms {
    /// Tells these terms from others, credentials included, which it does not show.
    pub(super) fn fingerprint(&self) -> String {
        let mut text = format!("{:?}", self.usual);
        for Site { deployment, terms, wake, longest_load } in &self.sites {
            let mut hasher = DefaultHasher::new();
            for (name, value) in &deployment.headers {
                (name.as_str(), value.as_bytes()).hash(&mut hasher);
            }
            let (url, secret) = (deployment.endpoint.url(), hasher.finish());
            text += &format!("\n{url} {secret:x} {terms:?} {wake:?} {longest_load:?} {:?}", deployment.limits.connect);
        }
        for ModelTerms { name, terms, keep_alive, on } in &self.models {
            text += &format!("\n{name} {terms:?} {:?} {on:?}", keep_alive.as_ref().map(Raw::get));
        }
        text
    }
}
