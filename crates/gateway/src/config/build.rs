//! From the tree to the setup.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use engine::{Deployment, Group, Pattern, Roll, Setup};

use super::environ::{Env, ReadEnv};
use super::general::Keeping;
use super::include::{self, ReadFile};
use super::keys::{GENERAL, LIBRARY, ROUTER, TOP};
use super::management::Management;
use super::models::{self, Builder, Row};
use super::report::Notes;
use super::router::{self, Router};
use super::section::Section;
use super::tree::{Node, Value};
use super::{Loaded, checks, general, spending};

/// What a configuration depends on beside its text.
pub struct World<'a> {
    /// The environment.
    pub env: ReadEnv<'a>,
    /// How deployments fared lately.
    pub roll: &'a Roll,
    /// Today, for models that are about to be switched off.
    pub now: SystemTime,
}

/// Loads `path` and what it includes by way of `read_file`.
pub fn load(path: &Path, read_file: ReadFile, world: &World) -> Loaded {
    let mut notes = Notes::default();
    let mut env = Env::new(world.env);
    let (tree, files) = include::read(path, read_file, &mut notes);
    let Some(mut tree) = tree else {
        return finish(None, Keeping::default(), Management::default(), notes, files);
    };
    if let Value::Map(entries) = &mut tree.value
        && let Some(at) = entries.iter().position(|(name, _)| name == "environment_variables")
    {
        let (_, variables) = entries.remove(at);
        env.extend(&variables, &mut notes);
    }
    env.resolve(&mut tree);
    let (setup, keeping, management) = setup(&tree, &env, world, &mut notes);
    finish(Some(setup), keeping, management, notes, files)
}

fn finish(setup: Option<Setup>, keeping: Keeping, management: Management, notes: Notes, files: Vec<PathBuf>) -> Loaded {
    let setup = setup.filter(|_| !notes.failed());
    Loaded { setup, report: notes.finish(), found: Vec::new(), files, keeping, management }
}

fn setup(tree: &Node, env: &Env, world: &World, notes: &mut Notes) -> (Setup, Keeping, Management) {
    let top = Section::read(Some(tree), "", &TOP, notes);
    let section = |name, table, notes: &mut Notes| Section::read(top.node(name), name, table, notes);
    let general = section("general_settings", &GENERAL, notes);
    let library = section("litellm_settings", &LIBRARY, notes);
    let router = section("router_settings", &ROUTER, notes);
    let management = Management::read(&general, &library);
    let router = router::read(&router, &library, notes);
    let credentials = models::credentials(top.node("credential_list"), notes);
    let (defaults, roll) = (router.defaults, world.roll);
    let mut builder = Builder { env, roll, defaults, credentials, notes, ids: Default::default() };
    let rows = builder.rows(top.node("model_list"));
    let keeping = general::keeping(&general, &library, env, notes);
    let setup = Setup {
        access: general::access(&general, env, notes),
        spending: spending::read(&general, &library, notes),
        client_params: general::client_params(&general),
        intake: general::intake(&general),
        ..assemble(&rows, &router)
    };
    checks::run(&setup, &rows, &router, world.now, notes);
    (setup, keeping, management)
}

fn assemble(rows: &[Row], router: &Router) -> Setup {
    let (groups, patterns) = groups(rows);
    let hidden = router.aliases.iter().filter(|alias| alias.hidden);
    Setup {
        groups,
        patterns,
        aliases: router.aliases.iter().map(|alias| (alias.name.clone(), alias.target.clone())).collect(),
        hidden: hidden.map(|alias| alias.name.clone()).collect(),
        rules: router.rules.clone(),
        access: Default::default(),
        spending: Default::default(),
        client_params: Default::default(),
        intake: Default::default(),
        heartbeat: router.heartbeat,
    }
}

/// Groups by name, and those with a `*`, most specific first: the one that spells out more wins, and of equals the
/// one that spells out more in front of the `*`.
fn groups(rows: &[Row]) -> (HashMap<String, Arc<Group>>, Vec<Pattern>) {
    let mut names: Vec<&str> = Vec::new();
    let mut members: HashMap<&str, Vec<Arc<Deployment>>> = HashMap::new();
    for row in rows {
        let known = members.entry(&row.group).or_insert_with(|| {
            names.push(&row.group);
            Vec::new()
        });
        known.push(Arc::new(row.deployment.clone()));
    }
    let (mut groups, mut patterns) = (HashMap::new(), Vec::new());
    for name in names {
        let deployments = members.remove(name).unwrap_or_default();
        let group = Arc::new(Group { name: name.to_owned(), deployments });
        match name.split_once('*') {
            Some((before, after)) => {
                patterns.push(Pattern { before: before.to_owned(), after: after.to_owned(), group });
            }
            None => drop(groups.insert(name.to_owned(), group)),
        }
    }
    patterns.sort_by_key(|pattern| {
        let (before, after) = (pattern.before.len(), pattern.after.len());
        std::cmp::Reverse((before + after, before))
    });
    (groups, patterns)
}
