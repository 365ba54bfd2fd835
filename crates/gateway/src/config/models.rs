//! `model_list` and `credential_list`: from entries to deployments.

mod deployment;
mod entry;
mod wildcard;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use engine::{Deployment, Roll};
use policy::RestRules;
use providers::Provider;

use super::bounds::Shared;
use super::environ::Env;
use super::keys::{CREDENTIAL, PARAMS};
use super::name::Called;
use super::nodes::Local;
use super::prices;
use super::report::{Notes, Place};
use super::routing::is_marker;
use super::section::Section;
use super::tree::{Node, Scalar, Value};
use entry::Entry;

/// A deployment and where it was written.
pub struct Row {
    /// The name that callers use.
    pub group: String,
    /// The deployment.
    pub deployment: Deployment,
    /// Where its model is named.
    pub place: Place,
    /// The path of its entry.
    pub path: String,
    /// Whether the catalogue lists the model.
    pub listed: bool,
    /// The team that it belongs to; everybody's, if there is none.
    pub team: Option<String>,
    /// The access groups that it is in.
    pub access_groups: Vec<String>,
    /// What it says about its model on a node.
    pub local: Local,
    /// Whether it was added while running.
    pub added: bool,
    /// Whether calls that are passed on may use its credential, if it says so.
    pub passes: Option<bool>,
}

/// What holds for all deployments unless they say otherwise.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Defaults {
    /// `timeout` or `request_timeout`.
    pub timeout: Option<Duration>,
    /// `stream_timeout`.
    pub stream_timeout: Option<Duration>,
    /// `drop_params`.
    pub drop_params: bool,
    /// `strict`.
    pub strict: bool,
    /// What deployments may be used.
    pub bounds: Shared,
    /// When they rest.
    pub rest: Arc<RestRules>,
}

/// `credential_list` by name: connection values are read as those of `litellm_params`.
pub type Credentials<'t> = HashMap<String, Section<'t>>;

/// What deployments are made with.
pub struct Builder<'a> {
    /// The environment.
    pub env: &'a Env<'a>,
    /// How deployments fared lately.
    pub roll: &'a Roll,
    /// What holds for all of them.
    pub defaults: Defaults,
    /// What holds for the prices of all of them.
    pub prices: prices::Settings,
    /// Connections that are shared.
    pub credentials: Credentials<'a>,
    /// Findings.
    pub notes: &'a mut Notes,
    /// Ids that are taken.
    pub ids: HashSet<String>,
}

impl Builder<'_> {
    /// All deployments of `model_list`. Entries that cannot be served are left out, which is noted.
    pub fn rows(&mut self, list: Option<&Node>) -> Vec<Row> {
        let (mut rows, mut catch_alls) = (Vec::new(), Vec::new());
        for (index, node) in items(list).iter().enumerate() {
            // Routers are no deployments: `routing` reads them.
            if is_marker(node) {
                continue;
            }
            let path = format!("model_list[{index}]");
            let Some(entry) = Entry::read(node, &path, &self.credentials, self.notes) else {
                continue;
            };
            match &entry.called {
                Some(called) => rows.extend(self.deployment(&entry, called, entry.group, entry.info.text("id"))),
                None => catch_alls.push(entry),
            }
        }
        let taken = rows.iter().map(|row| row.group.clone()).collect();
        for entry in catch_alls {
            rows.extend(self.catch_all(&entry, &taken));
        }
        rows
    }
}

impl Builder<'_> {
    /// A deployment of `provider` for whatever model is named, from `params` and the environment; what is missing is nobody's
    /// mistake.
    pub fn lender(&mut self, provider: &'static Provider, id: &str, params: &[(String, Node)]) -> Option<Deployment> {
        let text = |text: &str| Node {
            place: Place::default(),
            value: Value::Scalar(Scalar { text: text.to_owned(), plain: false, variable: None }),
        };
        let mut fields = vec![("model".to_owned(), text("*"))];
        fields.extend(params.iter().cloned());
        let params = Node { place: Place::default(), value: Value::Map(fields) };
        let entry = vec![("model_name".to_owned(), text("*")), ("litellm_params".to_owned(), params)];
        let node = Node { place: Place::default(), value: Value::Map(entry) };
        let mut unheard = Notes::default();
        let mut aside = Builder {
            env: self.env,
            roll: self.roll,
            defaults: self.defaults.clone(),
            prices: self.prices.clone(),
            credentials: HashMap::new(),
            notes: &mut unheard,
            ids: HashSet::new(),
        };
        let entry = Entry::read(&node, id, &aside.credentials, aside.notes)?;
        let called = Called { provider, model: "*".to_owned() };
        let row = aside.deployment(&entry, &called, id, Some(id));
        row.map(|row| row.deployment).filter(|_| !unheard.failed())
    }
}

/// Reads `credential_list`.
pub fn credentials<'t>(list: Option<&'t Node>, notes: &mut Notes) -> Credentials<'t> {
    let mut credentials = HashMap::new();
    for (index, node) in items(list).iter().enumerate() {
        let entry = Section::read(Some(node), &format!("credential_list[{index}]"), &CREDENTIAL, notes);
        let Some(name) = entry.text("credential_name") else {
            entry.missing("credential_name", "credential_name: my-credential", notes);
            continue;
        };
        let values = Section::read(entry.node("credential_values"), &entry.at("credential_values"), &PARAMS, notes);
        if credentials.insert(name.to_owned(), values).is_some() {
            let message = format!("a credential called {name:?} is there already");
            notes.error(entry.place("credential_name"), &entry.at("credential_name"), message, "give it another name");
        }
    }
    credentials
}

fn items(list: Option<&Node>) -> &[Node] {
    match list.map(|node| &node.value) {
        Some(Value::List(items)) => items,
        _ => &[],
    }
}

#[cfg(test)]
mod tests;
