//! From files to one tree: the configuration, the files it includes, and those with the routes of its routers.

use std::io;
use std::path::{Component, Path, PathBuf};

use super::report::{Notes, Place};
use super::tree::{Node, Value};
use super::yaml;

/// Largest file.
pub const MOST_BYTES: u64 = 8 << 20;
/// Most files.
const MOST_FILES: usize = 200;

/// Reads a file, at most one byte more than [`MOST_BYTES`].
pub type ReadFile<'a> = &'a dyn Fn(&Path) -> io::Result<Vec<u8>>;

/// Reads `path` and everything it includes, in the order of the files: lists are appended to each other, any other
/// section is replaced by that of a later file. Returns the tree, if it is a mapping, and the files that were named.
pub fn read(path: &Path, read_file: ReadFile, notes: &mut Notes) -> (Option<Node>, Vec<PathBuf>) {
    let mut reader = Reader { read_file, notes, stack: Vec::new(), files: Vec::new() };
    let start = Place::default();
    let root = reader.file(path, start, "");
    (root, reader.files)
}

struct Reader<'a, 'n> {
    read_file: ReadFile<'a>,
    notes: &'n mut Notes,
    /// Files that are being read, the configuration first.
    stack: Vec<PathBuf>,
    /// All files so far.
    files: Vec<PathBuf>,
}

impl Reader<'_, '_> {
    /// One file with its includes; `place` and `at` are where it was asked for.
    fn file(&mut self, path: &Path, place: Place, at: &str) -> Option<Node> {
        let path = tidy(path);
        let root = self.stack.is_empty();
        let name = path.display().to_string();
        let file = if root { self.notes.open(&name) } else { place.file };
        self.files.push(path.clone());
        let place = Place { file, ..place };
        let text = match (self.read_file)(&path) {
            Ok(bytes) if bytes.len() as u64 > MOST_BYTES => Err(format!("{name} is larger than 8 MiB")),
            Ok(bytes) => String::from_utf8(bytes).map_err(|_| format!("{name} is not UTF-8 text")),
            Err(error) => Err(format!("cannot read {name}: {}", error.kind())),
        };
        let text =
            text.map_err(|message| self.notes.error(place, at, message, "check the path and its rights")).ok()?;
        let file = if root { file } else { self.notes.open(&name) };
        let mut tree = yaml::read(&text, file, self.notes)?;
        if tree.is_null() {
            tree.value = Value::Map(Vec::new());
        }
        let Value::Map(entries) = &mut tree.value else {
            let message = "a configuration is a mapping of sections";
            self.notes.error(tree.place, "", message, "begin with e.g. model_list:");
            return None;
        };
        self.stack.push(path.clone());
        if let Some(index) = entries.iter().position(|(key, _)| key == "include") {
            let (_, include) = entries.remove(index);
            self.includes(&path, include, entries);
        }
        if let Some((_, models)) = entries.iter_mut().find(|(key, _)| key == "model_list") {
            self.routes(&path, models);
        }
        self.stack.pop();
        Some(tree)
    }

    fn includes(&mut self, from: &Path, include: Node, entries: &mut Vec<(String, Node)>) {
        let items = match include.value {
            Value::List(items) => items,
            Value::Null => Vec::new(),
            _ => vec![include],
        };
        for (index, item) in items.into_iter().enumerate() {
            let at = format!("include[{index}]");
            let Value::Scalar(scalar) = &item.value else {
                self.notes.error(item.place, &at, "expected the name of a file", "write e.g. - models.yaml");
                continue;
            };
            let path = tidy(&from.parent().unwrap_or(Path::new("")).join(&scalar.text));
            if self.may_open(&path, item.place, &at)
                && let Some(Node { value: Value::Map(more), .. }) = self.file(&path, item.place, &at)
            {
                more.into_iter().for_each(|(key, node)| self.join(entries, key, node));
            }
        }
    }

    /// The routes of routers that are in files of their own come into the entries that name those.
    fn routes(&mut self, from: &Path, models: &mut Node) {
        let Value::List(models) = &mut models.value else { return };
        let mut read: Vec<(PathBuf, Node)> = Vec::new();
        for (index, entry) in models.iter_mut().enumerate() {
            let Some(Value::Map(params)) = entry.get_mut("litellm_params").map(|params| &mut params.value) else {
                continue;
            };
            let named = params.iter().find(|(key, _)| key == "auto_router_config_path");
            let Some((_, Node { value: Value::Scalar(name), place })) = named else { continue };
            let (path, place) = (tidy(&from.parent().unwrap_or(Path::new("")).join(&name.text)), *place);
            let at = format!("model_list[{index}].litellm_params.auto_router_config_path");
            if params.iter().any(|(key, _)| key == "auto_router_config") {
                let message = "has no effect beside `auto_router_config`";
                self.notes.warn(place, &at, message, "remove one of the two");
                continue;
            }
            if !read.iter().any(|(file, _)| *file == path)
                && self.may_open(&path, place, &at)
                && let Some(routes) = self.file(&path, place, &at)
            {
                read.push((path.clone(), routes));
            }
            if let Some((_, routes)) = read.iter().find(|(file, _)| *file == path) {
                params.push(("auto_router_config".to_owned(), routes.clone()));
            }
        }
    }

    fn may_open(&mut self, path: &Path, place: Place, at: &str) -> bool {
        let name = path.display();
        if self.stack.iter().any(|file| file == path) {
            let remedy = "remove one of the includes";
            self.notes.error(place, at, format!("{name} includes itself, maybe by way of others"), remedy);
            return false;
        }
        if self.files.iter().any(|file| file == path) {
            self.notes.warn(place, at, format!("{name} is included already"), "remove this one");
            return false;
        }
        if self.files.len() >= MOST_FILES {
            self.notes.error(place, at, format!("more than {MOST_FILES} files are included"), "join some of them");
            return false;
        }
        true
    }

    fn join(&mut self, entries: &mut Vec<(String, Node)>, key: String, node: Node) {
        match entries.iter_mut().find(|(name, _)| *name == key) {
            None => entries.push((key, node)),
            Some((_, Node { value: Value::List(list), .. })) if matches!(node.value, Value::List(_)) => {
                if let Value::List(more) = node.value {
                    list.extend(more);
                }
            }
            Some((_, old)) => {
                let message = format!("replaces all that line {} of another file says about {key}", old.place.line);
                let remedy = "keep a section in one file; only lists are joined";
                self.notes.warn(node.place, &key, message, remedy);
                *old = node;
            }
        }
    }
}

/// `path` without `.` and `..`, so that one file has one name.
fn tidy(path: &Path) -> PathBuf {
    let mut tidy = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if tidy.file_name().is_some() => {
                tidy.pop();
            }
            part => tidy.push(part),
        }
    }
    tidy
}

#[cfg(test)]
mod tests;
