//! One mapping of the tree, checked against its table of keys: what is asked of it later has the right type.

use super::environ::{UNSET_REMEDY, unset};
use super::keys::{self, Key, Kind, State, Table};
use super::report::{Notes, Place};
use super::tree::{Node, Scalar, Value};
use types::Decimal;

/// A checked mapping.
pub struct Section<'t> {
    table: &'static Table,
    /// Its place in the tree: `general_settings`.
    pub path: String,
    /// Its place in the file.
    pub place: Place,
    /// Honoured keys whose values have the right type.
    given: Vec<(&'static Key, &'t Node)>,
    /// Keys of honoured families, by their own names.
    families: Vec<(&'t str, &'t Node)>,
    /// Honoured keys whose values have another type.
    wrong: Vec<&'t str>,
    /// Keys whose environment variable is not set.
    unset: Vec<(&'t str, &'t str, Place)>,
    /// Keys that are in no table.
    pub others: Vec<(&'t str, &'t Node)>,
}

impl<'t> Section<'t> {
    /// Checks `node` against `table`; what is wrong is noted and counts as not given. Nothing at all is an empty
    /// section.
    pub fn read(node: Option<&'t Node>, path: &str, table: &'static Table, notes: &mut Notes) -> Self {
        let place = node.map_or(Place { line: 1, column: 1, file: 0 }, |node| node.place);
        let (given, families, wrong, unset, others) = Default::default();
        let mut section = Section { table, path: path.to_owned(), place, given, families, wrong, unset, others };
        match node.map(|node| &node.value) {
            Some(Value::Map(entries)) => {
                entries.iter().for_each(|(name, node)| section.take(name, node, notes));
            }
            None | Some(Value::Null | Value::Unset(_)) => {}
            Some(_) => notes.error(place, path, "expected a mapping", "write one `key: value` per line below it"),
        }
        section
    }

    fn take(&mut self, name: &'t str, node: &'t Node, notes: &mut Notes) {
        let path = self.at(name);
        let Some(key) = self.table.find(name) else {
            self.unknown(name, node, notes);
            return;
        };
        match (&node.value, key.state) {
            (_, State::Noted) => {}
            (_, State::Later | State::Unguarded | State::Moot(_)) => warn_without_effect(key, node, &path, notes),
            (Value::Unset(variable), State::Honoured | State::Family) => {
                self.unset.push((name, variable, node.place));
                if !matches!(key.kind, Kind::Secret | Kind::Name) {
                    notes.warn(node.place, &path, unset(variable), UNSET_REMEDY);
                }
            }
            (Value::Null, State::Honoured | State::Family) => {}
            (_, State::Honoured | State::Family) => match key.kind.check(node) {
                Ok(()) if key.state == State::Family => self.families.push((name, node)),
                Ok(()) => self.given.push((key, node)),
                Err(expected) => {
                    self.wrong.push(name);
                    let found = shown(node, matches!(key.kind, Kind::Secret | Kind::Credentials));
                    let remedy = key.kind.example().map(|example| format!("write e.g. {name}: {example}"));
                    notes.error(
                        node.place,
                        &path,
                        format!("expected {expected}, found {found}"),
                        remedy.unwrap_or_default(),
                    );
                }
            },
        }
    }

    fn unknown(&mut self, name: &'t str, node: &'t Node, notes: &mut Notes) {
        let path = self.at(name);
        let near = || policy::nearest(name, self.table.names()).map(|near| format!("did you mean {near}?"));
        if self.table.open {
            if let Some(near) = near() {
                notes.warn(node.place, &path, "no setting is called like this", near);
            }
        } else {
            let home = keys::table_of(name).map(|table| format!("it belongs to {}", table.name));
            let remedy = home.or_else(near).unwrap_or_default();
            notes.warn(node.place, &path, "unknown key: it has no effect", remedy);
        }
        self.others.push((name, node));
    }

    /// The path of a key.
    pub fn at(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// The place of a key, or of the section if it is not given.
    pub fn place(&self, name: &str) -> Place {
        self.node(name).map_or(self.place, |node| node.place)
    }

    /// A key's value.
    pub fn node(&self, name: &str) -> Option<&'t Node> {
        debug_assert!(self.table.find(name).is_some_and(|key| key.state == State::Honoured), "{name} is not honoured");
        self.given.iter().find(|(key, _)| key.name == name).map(|(_, node)| *node)
    }

    /// All honoured keys that are given.
    pub fn given(&self) -> impl Iterator<Item = (&'static Key, &'t Node)> {
        self.given.iter().copied()
    }

    /// The same, and all keys of honoured families, by the names they have here.
    pub fn all(&self) -> impl Iterator<Item = (&'t str, &'t Node)> {
        let given = self.given.iter().map(|(key, node)| (key.name, *node));
        given.chain(self.families.iter().copied())
    }

    /// The environment variable that should have given a key but is not set, and where it is named.
    pub fn variable(&self, name: &str) -> Option<(&'t str, Place)> {
        self.unset.iter().find(|(key, ..)| *key == name).map(|(_, variable, place)| (*variable, *place))
    }

    /// Notes that a key is missing that nothing goes without, unless something was said about it already.
    pub fn missing(&self, name: &str, example: &str, notes: &mut Notes) {
        match self.variable(name) {
            _ if self.wrong.contains(&name) => {}
            Some((variable, place)) => {
                notes.error(place, &self.at(name), unset(variable), format!("export {variable}=..."))
            }
            None => notes.error(self.place, &self.at(name), "is missing", format!("write e.g. {example}")),
        }
    }

    fn scalar(&self, name: &str) -> Option<&'t Scalar> {
        scalar(self.node(name)?)
    }

    /// A text that is not empty.
    pub fn text(&self, name: &str) -> Option<&'t str> {
        self.scalar(name).map(|scalar| scalar.text.trim()).filter(|text| !text.is_empty())
    }

    /// True or false.
    pub fn flag(&self, name: &str) -> Option<bool> {
        self.scalar(name)?.flag()
    }

    /// A number.
    pub fn decimal(&self, name: &str) -> Option<Decimal> {
        self.scalar(name)?.decimal()
    }

    /// A whole number.
    pub fn count(&self, name: &str) -> Option<u64> {
        self.decimal(name)?.to_u64()
    }

    /// A whole number that is at most `u32::MAX`.
    pub fn small(&self, name: &str) -> Option<u32> {
        self.count(name).map(|count| u32::try_from(count).unwrap_or(u32::MAX))
    }

    /// A time span.
    pub fn seconds(&self, name: &str) -> Option<std::time::Duration> {
        std::time::Duration::try_from_secs_f64(self.decimal(name)?.to_f64()).ok()
    }

    /// Texts, and where each of them stands.
    pub fn texts(&self, name: &str) -> Vec<(&'t str, Place)> {
        self.node(name).map(texts).unwrap_or_default()
    }
}

/// The texts of a list, or of one text.
pub fn texts(node: &Node) -> Vec<(&str, Place)> {
    match &node.value {
        Value::List(items) => items.iter().filter_map(placed).collect(),
        _ => placed(node).into_iter().collect(),
    }
}

fn placed(node: &Node) -> Option<(&str, Place)> {
    scalar(node).map(|scalar| (scalar.text.as_str(), node.place))
}

/// The text of a node, if it is one.
pub fn scalar(node: &Node) -> Option<&Scalar> {
    match &node.value {
        Value::Scalar(scalar) => Some(scalar),
        _ => None,
    }
}

fn warn_without_effect(key: &Key, node: &Node, path: &str, notes: &mut Notes) {
    if is_default(key.kind, node) {
        return;
    }
    let (message, remedy) = match key.state {
        State::Moot(why) => (format!("has no effect here ({}): {why}", key.doc), "remove it when you like"),
        State::Unguarded => {
            (format!("known, but not honoured yet ({}): nothing is held back by it", key.doc), "do not rely on it")
        }
        _ => (format!("known, but not honoured yet ({})", key.doc), ""),
    };
    notes.warn(node.place, path, message, remedy);
}

/// Whether a value says what holds anyway: no word is needed then.
fn is_default(kind: Kind, node: &Node) -> bool {
    match &node.value {
        Value::Null => true,
        Value::List(items) => items.is_empty(),
        Value::Map(entries) => entries.is_empty(),
        Value::Scalar(scalar) => match kind {
            Kind::OnFlag => scalar.flag() == Some(true),
            _ => scalar.flag() == Some(false),
        },
        Value::Unset(_) => false,
    }
}

/// A value for a finding: never a secret, nothing from the environment, nothing long.
pub fn shown(node: &Node, secret: bool) -> String {
    match &node.value {
        Value::Null | Value::Unset(_) => "nothing".to_owned(),
        Value::List(_) => "a list".to_owned(),
        Value::Map(_) => "a mapping".to_owned(),
        Value::Scalar(Scalar { variable: Some(variable), .. }) => format!("the value of {variable}"),
        Value::Scalar(scalar) if !secret && is_harmless(&scalar.text) => format!("{:?}", scalar.text),
        Value::Scalar(scalar) => format!("a text of {} characters", scalar.text.chars().count()),
    }
}

/// Whether a text can hardly be a key that was put into the wrong line.
fn is_harmless(text: &str) -> bool {
    text.chars().count() <= 20 && !text.starts_with("sk-")
}

#[cfg(test)]
mod tests;
