//! The source tree as the house rules see it: text files by path, and the dependencies that manifests declare.

use std::fs;
use std::path::{Path, PathBuf};

/// Names that hold nothing of ours: version control, and what was built or installed.
const FOREIGN: &[&str] = &[".git", ".local", "target", "node_modules", "__pycache__", ".pytest_cache", "dist"];

/// A text file of the repository.
pub struct File {
    /// Path from the root, with forward slashes.
    pub path: String,
    /// All of it.
    pub text: String,
}

impl File {
    /// The lines with their numbers, as `path:line` and text.
    pub fn places(&self) -> impl Iterator<Item = (String, &str)> {
        self.text.lines().enumerate().map(|(at, line)| (format!("{}:{}", self.path, at + 1), line))
    }

    /// The crate this file belongs to, if it is part of one.
    pub fn floor(&self) -> Option<&str> {
        self.path.strip_prefix("crates/")?.split('/').next()
    }

    /// Whether it is compiled for tests only.
    pub fn is_test(&self) -> bool {
        self.path.ends_with("/tests.rs") || self.path.contains("/tests/")
    }
}

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every text file of the repository, sorted by path. Generated lock files are included, pictures are not.
pub fn files() -> Vec<File> {
    let (root, mut found) = (root(), Vec::new());
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of the repository is readable") {
            let entry = entry.expect("a folder's entry is readable");
            let (name, path) = (entry.file_name(), entry.path());
            let kind = entry.file_type().expect("an entry has a type");
            if FOREIGN.iter().any(|foreign| name == *foreign) {
                continue;
            }
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file()
                && let Ok(text) = fs::read_to_string(&path)
            {
                let path = path.strip_prefix(&root).expect("it is below the root");
                found.push(File { path: path.to_string_lossy().replace('\\', "/"), text });
            }
        }
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    found
}

/// Every Rust file of the repository.
pub fn rust_files() -> impl Iterator<Item = File> {
    files().into_iter().filter(|file| file.path.ends_with(".rs"))
}

/// What a crate's manifest says it depends on.
pub struct Manifest {
    /// Name of the crate's folder.
    pub name: String,
    /// Dependencies of the crate and of its build script.
    pub dependencies: Vec<String>,
    /// Dependencies of its tests alone.
    pub dev_dependencies: Vec<String>,
}

/// The manifest of every crate.
pub fn manifests() -> Vec<Manifest> {
    let is_manifest = |file: &File| file.floor().is_some_and(|name| file.path == format!("crates/{name}/Cargo.toml"));
    files().iter().filter(|file| is_manifest(file)).map(read_manifest).collect()
}

/// Reads the dependency tables: a header ends in `dependencies]`, possibly with a target in front or a name behind.
fn read_manifest(file: &File) -> Manifest {
    let (mut normal, mut dev, mut table) = (Vec::new(), Vec::new(), String::new());
    for line in file.text.lines().map(str::trim) {
        let name = if let Some(header) = line.strip_prefix('[') {
            table = header.trim_end_matches(']').to_owned();
            table.split_once("dependencies.").map(|(_, name)| name)
        } else if table.ends_with("dependencies") && !line.starts_with('#') {
            line.split(['=', '.']).next().map(str::trim)
        } else {
            None
        };
        let list = if table.contains("dev-dependencies") { &mut dev } else { &mut normal };
        list.extend(name.filter(|name| !name.is_empty()).map(str::to_owned));
    }
    let name = file.floor().expect("manifests of crates are in crates/").to_owned();
    Manifest { name, dependencies: normal, dev_dependencies: dev }
}
