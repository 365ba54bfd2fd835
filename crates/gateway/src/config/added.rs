//! Deployments and credentials that were added while running, and are kept in the database: they are read like entries
//! of the file, each on its own, so that a mistake in one leaves out that one alone.

use std::sync::Arc;

use policy::Network;
use serde_json::{Map, Value as Json, json};
use store::records::{Credential, Model, PassThrough, Record};
use store::{Directory, Held, Kind};

use super::environ::Env;
use super::keys::PARAMS;
use super::models::{Builder, Credentials, Row};
use super::report::{Notes, Place};
use super::routing::is_marker;
use super::section::Section;
use super::tree::{Node, Value};
use crate::seal::Seal;

/// What was added, as it is kept.
#[derive(Clone, Debug, Default)]
pub struct Added {
    /// Deployments by id, oldest first.
    pub models: Vec<(String, Arc<Model>)>,
    /// Credentials by name.
    pub credentials: Vec<(String, Arc<Credential>)>,
    /// Paths that are passed on, by id, oldest first.
    pub passages: Vec<(String, Arc<PassThrough>)>,
    /// Addresses that may call.
    pub addresses: Vec<Network>,
    /// Access groups, and the models in them.
    pub access_groups: Vec<(String, Vec<String>)>,
}

/// What the id of a setting begins with that is an address that may call.
pub const ADDRESS: &str = "allowed_ip:";

/// What the id of a setting begins with that is an access group.
pub const ACCESS_GROUP: &str = "access_group:";

/// The file that findings about it name.
const FILE: &str = "database";

impl Added {
    /// What a directory holds.
    pub fn of(directory: &Directory) -> Self {
        fn all<T: Record>(directory: &Directory) -> Vec<(String, Arc<T>)> {
            T::all(directory).iter().map(|(id, held): (_, &Held<T>)| (id.clone(), held.record.clone())).collect()
        }
        let (mut models, mut credentials) = (all::<Model>(directory), all::<Credential>(directory));
        models.sort_by_key(|(id, model)| (model.origin.created_at, id.clone()));
        credentials.sort_by(|(one, _), (other, _)| one.cmp(other));
        let mut passages = all::<PassThrough>(directory);
        passages.sort_by_key(|(id, passage)| (passage.origin.created_at, id.clone()));
        let settings = directory.others.keys().filter(|(kind, _)| *kind == Kind::Setting);
        let addresses = settings.filter_map(|(_, id)| Network::parse(id.strip_prefix(ADDRESS)?)).collect();
        Added { models, credentials, passages, addresses, access_groups: access_groups(directory) }
    }

    /// The same as nodes of a tree. What cannot be opened is missing, and told.
    pub fn nodes(&self, seal: Option<&Seal>, env: &Env, notes: &mut Notes) -> Nodes {
        let is_empty = self.models.is_empty() && self.credentials.is_empty() && self.passages.is_empty();
        let file = if is_empty { 0 } else { notes.open(FILE) };
        let place = Place { file, ..Place::default() };
        let mut nodes = Nodes { place, models: Vec::new(), credentials: Vec::new(), passages: Vec::new() };
        let node = |value: &Json| {
            let mut node = Node::of(value, place);
            env.resolve(&mut node);
            node
        };
        for (name, credential) in &self.credentials {
            match open(seal, &credential.values) {
                Ok(values) => nodes.credentials.push((name.clone(), node(&Json::Object(values)))),
                Err(why) => notes.warn(place, &format!("credentials.{name}"), why, ""),
            }
        }
        for (id, model) in &self.models {
            nodes.models.push((id.clone(), entry(id, model, seal).map(|entry| node(&entry))));
        }
        for (id, passage) in &self.passages {
            let entry = open(seal, &passage.params).map(|mut entry| {
                entry.insert("path".to_owned(), passage.path.as_str().into());
                node(&Json::Object(entry))
            });
            nodes.passages.push((id.clone(), entry));
        }
        nodes
    }
}

/// Access groups that were made while running.
pub fn access_groups(directory: &Directory) -> Vec<(String, Vec<String>)> {
    let settings = directory.others.iter().filter(|((kind, _), _)| *kind == Kind::Setting);
    let groups = settings.filter_map(|((_, id), held)| {
        let models = serde_json::from_str::<Json>(&held.record).ok()?["models"].as_array()?.clone();
        let models = models.iter().filter_map(|model| model.as_str().map(str::to_owned)).collect();
        Some((id.strip_prefix(ACCESS_GROUP)?.to_owned(), models))
    });
    let mut groups: Vec<_> = groups.collect();
    groups.sort();
    groups
}

/// The entry of `model_list` that a kept deployment stands for.
fn entry(id: &str, model: &Model, seal: Option<&Seal>) -> Result<Json, String> {
    let mut info = model.model_info.clone();
    info.insert("id".to_owned(), id.into());
    Ok(json!({
        "model_name": model.model_name,
        "litellm_params": open(seal, &model.params)?,
        "model_info": info,
        "blocked": model.blocked,
    }))
}

/// Opens sealed JSON.
pub fn open(seal: Option<&Seal>, sealed: &str) -> Result<Map<String, Json>, String> {
    let seal = seal.ok_or("there is neither a salt key nor a master key to open it with")?;
    let text = seal.open(sealed).map_err(|why| why.to_string())?;
    serde_json::from_str(&text).map_err(|why| why.to_string())
}

/// What was added, as nodes of a tree.
pub struct Nodes {
    place: Place,
    /// Deployments by id, or why they cannot be opened.
    pub models: Vec<(String, Result<Node, String>)>,
    credentials: Vec<(String, Node)>,
    /// Paths that are passed on, by id, or why they cannot be opened.
    pub passages: Vec<(String, Result<Node, String>)>,
}

impl Nodes {
    /// What `make` makes, whose mistakes are its own; or the first of them.
    pub fn apart<T>(&self, builder: &mut Builder, make: impl FnOnce(&mut Builder) -> Option<T>) -> Result<T, String> {
        let outer = std::mem::take(builder.notes);
        let made = make(builder);
        let own = std::mem::replace(builder.notes, outer);
        match (made, own.failed()) {
            (Some(made), false) => Ok(made),
            _ => Err(own.finish().findings.into_iter().next().map_or_else(
                || "nothing stands behind it".to_owned(),
                |finding| format!("{}: {}; {}", finding.path, finding.message, finding.remedy),
            )),
        }
    }

    /// Notes that something of the database is left out.
    pub fn warn(&self, path: &str, why: &str, builder: &mut Builder) {
        builder.notes.warn(self.place, path, format!("is left out: {why}"), "");
    }

    /// Puts the credentials among those of the file, which win.
    pub fn lend<'t>(&'t self, credentials: &mut Credentials<'t>) {
        for (name, node) in &self.credentials {
            // What is wrong with them is told where they are used.
            let section = Section::read(Some(node), name, &PARAMS, &mut Notes::default());
            credentials.entry(name.clone()).or_insert(section);
        }
    }

    /// The deployments, and those that are left out with the reason.
    pub fn rows(&self, builder: &mut Builder) -> (Vec<Row>, Vec<(String, String)>) {
        let (mut rows, mut left_out) = (Vec::new(), Vec::new());
        for (id, node) in &self.models {
            match node.as_ref().map_err(String::clone).and_then(|node| self.one(node, builder)) {
                Ok(found) => rows.extend(found.into_iter().map(|row| Row { added: true, ..row })),
                Err(why) => {
                    builder.notes.warn(self.place, &format!("models.{id}"), format!("is left out: {why}"), "");
                    left_out.push((id.clone(), why));
                }
            }
        }
        (rows, left_out)
    }

    fn one(&self, node: &Node, builder: &mut Builder) -> Result<Vec<Row>, String> {
        if is_marker(node) {
            return Err("routers are declared in the configuration".to_owned());
        }
        let list = Node { place: self.place, value: Value::List(vec![node.clone()]) };
        // Its mistakes are its own.
        let outer = std::mem::take(builder.notes);
        let rows = builder.rows(Some(&list));
        let own = std::mem::replace(builder.notes, outer);
        let (failed, blocked) = (own.failed(), node.get("blocked").is_some_and(|node| node.json() == "true"));
        match own.finish().findings.into_iter().next() {
            _ if !failed && (blocked || !rows.is_empty()) => Ok(rows),
            Some(finding) if finding.remedy.is_empty() => Err(format!("{}: {}", finding.path, finding.message)),
            Some(finding) => Err(format!("{}: {}; {}", finding.path, finding.message, finding.remedy)),
            None => Err("nothing stands behind it".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests;
