//! Values that come from the environment: `os.environ/NAME` anywhere in the tree.
//!
//! The process environment itself is only ever read, through a function that the caller passes in;
//! `environment_variables` of the file lie over it.

use std::collections::HashMap;

use super::report::Notes;
use super::tree::{Node, Scalar, Value};

/// What a text begins with that stands for an environment variable.
const PREFIX: &str = "os.environ/";

/// Reads environment variables.
pub type ReadEnv<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The environment as the configuration sees it.
pub struct Env<'a> {
    outer: ReadEnv<'a>,
    own: HashMap<String, String>,
}

impl<'a> Env<'a> {
    /// The environment without any additions.
    pub fn new(outer: ReadEnv<'a>) -> Self {
        Env { outer, own: HashMap::new() }
    }

    /// The environment with what a configuration sets itself.
    pub fn with(outer: ReadEnv<'a>, own: HashMap<String, String>) -> Self {
        Env { outer, own }
    }

    /// What the configuration sets itself.
    pub fn into_own(self) -> HashMap<String, String> {
        self.own
    }

    /// A variable; one that is set to nothing counts as not set.
    pub fn get(&self, name: &str) -> Option<String> {
        let value = self.own.get(name).cloned().or_else(|| (self.outer)(name));
        value.filter(|value| !value.trim().is_empty())
    }

    /// Whether a variable is set to yes.
    pub fn is_on(&self, name: &str) -> bool {
        self.get(name).is_some_and(|text| matches!(&*text.trim().to_lowercase(), "1" | "true" | "yes" | "on"))
    }

    /// Takes in what the section `environment_variables` sets.
    pub fn extend(&mut self, section: &Node, notes: &mut Notes) {
        let Value::Map(entries) = &section.value else {
            if !section.is_null() {
                let remedy = "write NAME: value, one per line";
                notes.error(section.place, "environment_variables", "expected a mapping", remedy);
            }
            return;
        };
        for (name, node) in entries {
            let mut node = node.clone();
            self.resolve(&mut node);
            match node.value {
                Value::Scalar(scalar) => drop(self.own.insert(name.clone(), scalar.text)),
                Value::Null => {}
                Value::Unset(variable) => notes.warn(node.place, &path(name), unset(&variable), UNSET_REMEDY),
                _ => notes.error(node.place, &path(name), "expected a text", "quote the value"),
            }
        }
    }

    /// Puts values in the place of all references below `node`.
    pub fn resolve(&self, node: &mut Node) {
        match &mut node.value {
            Value::List(items) => items.iter_mut().for_each(|item| self.resolve(item)),
            Value::Map(entries) => entries.iter_mut().for_each(|(_, node)| self.resolve(node)),
            Value::Scalar(scalar) => {
                if let Some(name) = scalar.text.trim().strip_prefix(PREFIX) {
                    node.value = self.value(name);
                }
            }
            Value::Null | Value::Unset(_) => {}
        }
    }

    fn value(&self, name: &str) -> Value {
        let Some(text) = self.get(name) else {
            return Value::Unset(name.to_owned());
        };
        // The incumbent, too, takes exactly these two words of the environment for more than text.
        let plain = ["true", "false"].contains(&text.to_ascii_lowercase().as_str());
        Value::Scalar(Scalar { text, plain, variable: Some(name.to_owned()) })
    }
}

/// What to do about a variable that is not set.
pub const UNSET_REMEDY: &str = "export it, or remove the line";

/// Says that a variable is not set.
pub fn unset(variable: &str) -> String {
    format!("environment variable {variable} is not set")
}

fn path(name: &str) -> String {
    format!("environment_variables.{name}")
}

#[cfg(test)]
mod tests;
