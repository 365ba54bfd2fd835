//! From the tree to the setup.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use engine::{Deployment, Group, Pattern, Pricing, Roll, Setup};

use super::environ::{Env, ReadEnv};
use super::general::Keeping;
use super::include::{self, ReadFile};
use super::keys::{GENERAL, LIBRARY, ROUTER, TOP};
use super::management::Management;
use super::models::{self, Builder, Row};
use super::prices::{self, Copies, Remote, Source};
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
    /// What addresses of price maps answered last.
    pub copies: &'a Copies,
}

/// Loads `path` and what it includes by way of `read_file`.
pub fn load(path: &Path, read_file: ReadFile, world: &World) -> Loaded {
    let mut notes = Notes::default();
    let mut env = Env::new(world.env);
    let (tree, mut files) = include::read(path, read_file, &mut notes);
    let Some(mut tree) = tree else {
        return finish(None, Beside::default(), notes, files);
    };
    if let Value::Map(entries) = &mut tree.value
        && let Some(at) = entries.iter().position(|(name, _)| name == "environment_variables")
    {
        let (_, variables) = entries.remove(at);
        env.extend(&variables, &mut notes);
    }
    env.resolve(&mut tree);
    let place = Surroundings { path, read_file, env: &env, world };
    let (setup, beside, source) = setup(&tree, &place, &mut notes);
    let price_map = match source {
        // Changes of it count like changes of the configuration.
        Some(Source::File(file)) => {
            files.push(file);
            None
        }
        Some(Source::Remote(remote)) => Some(remote),
        None => None,
    };
    finish(Some(setup), Beside { price_map, ..beside }, notes, files)
}

/// What a configuration says beside the setup.
#[derive(Default)]
struct Beside {
    keeping: Keeping,
    management: Management,
    price_map: Option<Remote>,
}

fn finish(setup: Option<Setup>, beside: Beside, notes: Notes, files: Vec<PathBuf>) -> Loaded {
    let setup = setup.filter(|_| !notes.failed());
    let Beside { keeping, management, price_map } = beside;
    Loaded { setup, report: notes.finish(), found: Vec::new(), files, keeping, management, price_map }
}

/// Where a configuration lies, and what it depends on.
struct Surroundings<'a> {
    path: &'a Path,
    read_file: ReadFile<'a>,
    env: &'a Env<'a>,
    world: &'a World<'a>,
}

fn setup(tree: &Node, around: &Surroundings, notes: &mut Notes) -> (Setup, Beside, Option<Source>) {
    let Surroundings { path, read_file, env, world } = *around;
    let top = Section::read(Some(tree), "", &TOP, notes);
    let section = |name, table, notes: &mut Notes| Section::read(top.node(name), name, table, notes);
    let general = section("general_settings", &GENERAL, notes);
    let library = section("litellm_settings", &LIBRARY, notes);
    let router = section("router_settings", &ROUTER, notes);
    let management = Management::read(&general, &library);
    let router = router::read(&router, &library, notes);
    let keeping = general::keeping(&general, &library, env, notes);
    let source = Source::find(&library, env, path, keeping.dir.as_deref(), notes);
    let book = prices::book(source.as_ref(), library.place("model_cost_map_url"), read_file, world.copies, notes);
    let prices = prices::Settings::read(&library, book, notes);
    let credentials = models::credentials(top.node("credential_list"), notes);
    let (defaults, roll) = (router.defaults, world.roll);
    let mut builder = Builder { env, roll, defaults, prices, credentials, notes, ids: Default::default() };
    let rows = builder.rows(top.node("model_list"));
    let setup = Setup {
        access: general::access(&general, env, notes),
        spending: spending::read(&general, &library, notes),
        client_params: general::client_params(&general),
        intake: general::intake(&general),
        pricing: Pricing { block_unpriced: library.flag("block_requests_for_models_without_pricing") == Some(true) },
        ..assemble(&rows, &router)
    };
    checks::run(&setup, &rows, &router, world.now, notes);
    (setup, Beside { keeping, management, price_map: None }, source)
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
        pricing: Default::default(),
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
