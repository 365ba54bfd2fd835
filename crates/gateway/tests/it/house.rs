//! The house rules (ARCHITECTURE.md) as tests: who may depend on whom, what a file must have, what may not be
//! written anywhere. A rule with old sins keeps them in a list that may only shrink.

mod read;
mod tree;

use std::collections::BTreeSet;

use read::{compares, leads_somewhere, links, names_folder};
use tree::{File, files, manifests, rust_files};

/// The floors, lowest first: a crate and the crates it may use.
const FLOORS: &[(&str, &[&str])] = &[
    ("types", &[]),
    ("dialects", &["types"]),
    ("guardrails", &[]),
    ("policy", &["types"]),
    ("store", &["types"]),
    ("providers", &["types", "dialects"]),
    ("engine", &["types", "dialects", "guardrails", "policy", "store", "providers"]),
    ("drill", &["types", "dialects"]),
    ("gateway", &["types", "dialects", "guardrails", "policy", "store", "providers", "engine", "drill"]),
];

/// Crates that the tests of any floor may use: they stand in for the outside world.
const TEST_ONLY: &[&str] = &["drill"];

/// Longest ARCHITECTURE.md, in lines: beyond it nobody reads it.
const ARCHITECTURE_LINES: usize = 200;

/// Provider ids that code is most tempted to ask for. (The whole table belongs to the providers crate.)
const PROVIDERS: &[&str] = &[
    "openai",
    "azure",
    "azure_ai",
    "anthropic",
    "gemini",
    "vertex_ai",
    "bedrock",
    "mistral",
    "groq",
    "cohere",
    "deepseek",
    "xai",
    "together_ai",
    "fireworks_ai",
    "openrouter",
    "perplexity",
    "cerebras",
    "ollama",
    "ollama_chat",
    "hosted_vllm",
    "vllm",
    "lm_studio",
    "llamafile",
    "llamacpp",
    "tgi",
];

/// Files outside the providers crate that seem to compare a provider's id. These two ask which dialect the caller
/// speaks, and four dialects are called like the vendors they come from.
const ASKS_FOR_A_PROVIDER: &[&str] = &["crates/gateway/src/control/models.rs", "crates/gateway/src/door/routes.rs"];

#[test]
fn a_crate_uses_only_the_floors_below_it() {
    let mut found = BTreeSet::new();
    for manifest in manifests() {
        let Some((_, below)) = FLOORS.iter().find(|(name, _)| *name == manifest.name) else {
            found.insert(format!("{} is on no floor", manifest.name));
            continue;
        };
        let ours = |name: &&String| FLOORS.iter().any(|(floor, _)| floor == name);
        let allowed = |name: &str, test: bool| below.contains(&name) || test && TEST_ONLY.contains(&name);
        let normal = manifest.dependencies.iter().filter(ours).filter(|name| !allowed(name, false));
        let dev = manifest.dev_dependencies.iter().filter(ours).filter(|name| !allowed(name, true));
        found.extend(normal.chain(dev).map(|name| format!("{} -> {name}", manifest.name)));
    }
    judge(
        found,
        &[],
        "move the code to the floor where it may know this, or pass the value in; a new crate gets a floor",
    );
}

#[test]
fn types_stays_free_of_serde_and_tokio() {
    let heavy = |name: &String| ["serde", "tokio"].iter().any(|word| name.starts_with(word));
    let types = manifests().into_iter().filter(|manifest| manifest.name == "types");
    let found = types.flat_map(|manifest| manifest.dependencies).filter(heavy).collect();
    judge(found, &[], "wire formats belong to dialects, waiting belongs to engine: the words know neither");
}

#[test]
fn every_rust_file_begins_with_a_header() {
    // A sibling `tests.rs` is about the file beside it, whose header says all there is to say.
    let rooms = rust_files().filter(|file| !file.path.ends_with("/tests.rs"));
    let found = rooms.filter(|file| !file.text.starts_with("//!")).map(|file| file.path).collect();
    judge(found, &[], "begin with `//!`: what this room is for, and what it leaves to others");
}

#[test]
fn nothing_waits_by_sleeping_and_nothing_is_left_to_do() {
    let banned = [concat!("thread", "::sleep"), concat!("to", "do!("), concat!("unimpl", "emented!(")];
    let found = places(rust_files(), |line| banned.iter().any(|word| line.contains(word)));
    judge(found, &[], "own the time (tokio's paused clock) or wait for the event; finish it or leave it out");
}

#[test]
fn the_architecture_page_stays_readable() {
    let long = |file: &File| file.path == "ARCHITECTURE.md" && file.text.lines().count() > ARCHITECTURE_LINES;
    let found = files().into_iter().filter(long).map(|file| file.path).collect();
    judge(found, &[], "say it in 200 lines, move the detail to the header of the file it is about");
}

#[test]
fn links_in_documents_lead_somewhere() {
    let all = files();
    let mut found = BTreeSet::new();
    for page in all.iter().filter(|file| file.path.ends_with(".md")) {
        for target in links(&page.text) {
            if !leads_somewhere(page, &target, &all) {
                found.insert(format!("{}: {target}", page.path));
            }
        }
    }
    judge(found, &[], "mend the link, or take it out");
}

#[test]
fn no_file_knows_the_machine_it_was_written_on() {
    let folders = [concat!("/wo", "rk/"), concat!("/ro", "ot/")];
    let found = places(files(), |line| folders.iter().any(|folder| names_folder(line, folder)));
    judge(found, &[], "write a path from the root of the repository, or an example such as /srv/lockgate");
}

#[test]
fn no_file_names_a_package_registry() {
    let known = format!("source = \"{}+https://github.com/rust-lang/crates.io-index\"", "registry");
    let hosts = [
        concat!("registry.npm", "js.org"),
        concat!("pypi", ".org"),
        concat!("pythonhosted", ".org"),
        concat!("static.crates", ".io"),
        concat!("index.crates", ".io"),
        concat!("\"resolved\": \"", "http"),
        concat!("index", "-url"),
        concat!("source = \"", "registry+"),
        concat!("source = \"", "sparse+"),
    ];
    let found = places(files(), |line| line != known && hosts.iter().any(|host| line.contains(host)));
    judge(
        found,
        &[],
        "where packages come from is a setting of the machine; lock files pin names, versions, checksums",
    );
}

#[test]
fn only_the_providers_crate_asks_which_provider_it_is() {
    let elsewhere = |file: &File| file.floor().is_some_and(|floor| floor != "providers") && !file.is_test();
    let asks = |file: &File| file.text.lines().any(|line| PROVIDERS.iter().any(|id| compares(line, id)));
    let found = rust_files().filter(|file| elsewhere(file) && asks(file)).map(|file| file.path).collect();
    judge(
        found,
        ASKS_FOR_A_PROVIDER,
        "make the difference a column of the provider table, or code in the provider's own file",
    );
}

/// Fails when something offends that is not in the list of old sins, or is in the list and offends no more.
fn judge(found: BTreeSet<String>, known: &[&str], remedy: &str) {
    let list = |offenders: Vec<&str>| offenders.iter().map(|one| format!("\n  {one}")).collect::<String>();
    let new: Vec<&str> = found.iter().map(String::as_str).filter(|one| !known.contains(one)).collect();
    assert!(new.is_empty(), "against the house rules:{}\nwhat to do: {remedy}", list(new));
    let gone: Vec<&str> = known.iter().copied().filter(|one| !found.contains(*one)).collect();
    assert!(gone.is_empty(), "these are in order now, take them off the list of offenders:{}", list(gone));
}

/// Where in `files` a line `offends`.
fn places(files: impl IntoIterator<Item = File>, offends: impl Fn(&str) -> bool) -> BTreeSet<String> {
    let in_file =
        |file: File| file.places().filter(|(_, line)| offends(line)).map(|(place, _)| place).collect::<Vec<_>>();
    files.into_iter().flat_map(in_file).collect()
}
