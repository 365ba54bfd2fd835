//! From the tree to the setup.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use engine::{Access, Deployment, Group, Pattern, Pricing, Roll, Setup};

use types::Secret;

use super::added::{Added, Nodes};
use super::alerts::Alerts;
use super::api_docs::ApiDocs;
use super::environ::{Env, ReadEnv};
use super::general::Keeping;
use super::include::{self, ReadFile};
use super::keys::{GENERAL, LIBRARY, ROUTER, TOP};
use super::management::Management;
use super::models::{self, Builder, Row};
use super::nodes;
use super::prices::{self, Copies, Remote, Source};
use super::report::Notes;
use super::router::{self, Router};
use super::routing;
use super::section::Section;
use super::shown::Shown;
use super::sign_in::SignIn;
use super::sinks::{self, Sinks};
use super::tree::{Node, Value};
use super::{Loaded, cache, checks, doorway, general, guardrails, passing, spending, tokens};
use crate::seal::Seal;

/// The variable that holds what secrets in the database are sealed with.
const SALT_KEY: &str = "LITELLM_SALT_KEY";
/// The variable that holds what they were sealed with before.
const FORMER_SALT_KEY: &str = "LITELLM_FORMER_SALT_KEY";

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
    /// What was added while running.
    pub added: &'a Added,
}

/// A configuration that was read, before anything is made of it.
#[derive(Clone, Debug)]
pub struct Tree {
    path: PathBuf,
    root: Node,
    /// What it sets in the environment itself.
    variables: HashMap<String, String>,
    /// The files it came from, and how findings name them.
    files: Vec<PathBuf>,
    names: Vec<String>,
}

impl Tree {
    /// What was read, with what the environment gave.
    pub(super) fn root(&self) -> &Node {
        &self.root
    }
}

/// Loads `path` and what it includes by way of `read_file`.
pub fn load(path: &Path, read_file: ReadFile, world: &World) -> Loaded {
    let mut notes = Notes::default();
    let mut env = Env::new(world.env);
    let (root, files) = include::read(path, read_file, &mut notes);
    let Some(mut root) = root else {
        return finish(None, Beside::default(), notes, files);
    };
    if let Value::Map(entries) = &mut root.value
        && let Some(at) = entries.iter().position(|(name, _)| name == "environment_variables")
    {
        let (_, variables) = entries.remove(at);
        env.extend(&variables, &mut notes);
    }
    env.resolve(&mut root);
    let (path, names, variables) = (path.to_owned(), notes.files().to_vec(), env.into_own());
    let tree = Tree { path, root, variables, files, names };
    let loaded = build(&tree, read_file, world, notes);
    Loaded { tree: Some(tree), ..loaded }
}

/// Makes another setup of a configuration that was read before.
pub fn rebuild(tree: &Tree, read_file: ReadFile, world: &World) -> Loaded {
    build(tree, read_file, world, Notes::about(tree.names.clone()))
}

fn build(tree: &Tree, read_file: ReadFile, world: &World, mut notes: Notes) -> Loaded {
    let env = Env::with(world.env, tree.variables.clone());
    let mut files = tree.files.clone();
    let around = Surroundings { path: &tree.path, read_file, env: &env, world };
    let (setup, beside, source) = setup(&tree.root, &around, &mut notes);
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
    models: Vec<Shown>,
    left_out: Vec<(String, String)>,
}

fn finish(setup: Option<Setup>, beside: Beside, notes: Notes, files: Vec<PathBuf>) -> Loaded {
    let setup = setup.filter(|_| !notes.failed());
    let Beside { keeping, management, price_map, models, left_out } = beside;
    let (report, found, tree) = (notes.finish(), Vec::new(), None);
    Loaded { setup, report, found, files, keeping, management, price_map, models, left_out, tree }
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
    let routing_keys = section("router_settings", &ROUTER, notes);
    let keeping = general::keeping(&general, &library, &routing_keys, env, notes);
    let mut router = router::read(&routing_keys, &library, notes);
    let source = Source::find(&library, env, path, keeping.dir.as_deref(), notes);
    let book = prices::book(source.as_ref(), library.place("model_cost_map_url"), read_file, world.copies, notes);
    let prices = prices::Settings::read(&library, book, notes);
    let access = Access {
        tokens: tokens::read(&general, env, &world.roll.sources, notes),
        ..general::access(&general, env, notes)
    };
    let alerts = Alerts::read(&general, env, notes);
    let sinks = Sinks::read(&library, top.node("callback_settings"), env, notes);
    let telemetry = sinks::telemetry(&general, &library, &sinks, notes);
    let management = Management {
        seal: seal(&access, env),
        sign_in: SignIn::read(&general, env, notes),
        api_docs: ApiDocs::read(&general, env, notes),
        alerts,
        sinks,
        ..Management::read(&general, &library, notes)
    };
    for (name, why) in crate::control::misfits(&management) {
        notes.error(library.place(name), &library.at(name), why, "see docs/keys.md");
    }
    let added = world.added.nodes(management.seal.as_ref(), env, notes);
    let mut credentials = models::credentials(top.node("credential_list"), notes);
    added.lend(&mut credentials);
    let guardrails = guardrails::read(top.node("guardrails"), &library, (env, &world.roll.access_tokens), notes);
    let (defaults, roll) = (router.defaults.clone(), world.roll);
    let mut builder = Builder { env, roll, defaults, prices, credentials, notes, ids: Default::default() };
    let mut rows = builder.rows(top.node("model_list"));
    let (more, mut left_out) = added.rows(&mut builder);
    rows.extend(more);
    let (passages, more) = passing::read((&top, &general), &guardrails, &added, &mut builder, &rows);
    left_out.extend(more);
    let files = passing::files(&top, &mut builder, &rows);
    let declared = nodes::read(&routing_keys, notes);
    let fleets = nodes::assign(&mut rows, &declared, &router.queueing, &world.roll.fleets, notes);
    let models = shown(top.node("model_list"), &added, &rows);
    let mut routers = std::mem::take(&mut router.routers);
    routers.extend(routing::markers(top.node("model_list"), &rows, notes));
    let mut setup = Setup {
        access,
        passages,
        files,
        fleets,
        doorway: doorway::read(&general, &world.added.addresses, notes),
        guards_fallbacks: general.flag("enforce_fallback_model_access") == Some(true),
        forced_models: general::forced_models(&general),
        always_stream_usage: general.flag("always_include_stream_usage") == Some(true),
        spending: spending::read(&general, &library, notes),
        client_params: general::client_params(&general),
        intake: general::intake(&general),
        sessions: general::sessions(&general),
        guardrails,
        telemetry,
        cache: cache::read(&library, (env, &world.roll.access_tokens), &world.roll.shelves, notes),
        pricing: Pricing { block_unpriced: library.flag("block_requests_for_models_without_pricing") == Some(true) },
        access_groups: access_groups(&rows, &world.added.access_groups),
        ..assemble(&rows, &router, notes)
    };
    routing::add(&mut setup, routers, world.roll, notes);
    cache::check(&library, &setup, notes);
    checks::run(&setup, &rows, &router, world.now, notes);
    (setup, Beside { keeping, management, price_map: None, models, left_out }, source)
}

/// What secrets in the database are sealed with: the salt key, or the master key if there is none. What was sealed with
/// the master key before there was a salt key, or with a former one, can be opened still.
fn seal(access: &Access, env: &Env) -> Option<Seal> {
    let (salt, former, master) = (env.get(SALT_KEY), env.get(FORMER_SALT_KEY), access.master_key.as_ref());
    let master = master.map(Secret::expose);
    let seal = Seal::new(salt.as_deref().or(master)?);
    let opens = [former.as_deref(), master.filter(|_| salt.is_some())];
    Some(opens.into_iter().flatten().fold(seal, Seal::opening))
}

/// All entries, with the deployments that were made of them.
fn shown(list: Option<&Node>, added: &Nodes, rows: &[Row]) -> Vec<Shown> {
    let items = match list.map(|node| &node.value) {
        Some(Value::List(items)) => items.as_slice(),
        _ => &[],
    };
    let of_file = items.iter().enumerate().map(|(index, node)| {
        let path = format!("model_list[{index}]");
        Shown::of(node, rows.iter().find(|row| row.path == path && !row.added), false)
    });
    let of_database = added.models.iter().filter_map(|(id, node)| {
        let row = rows.iter().find(|row| row.added && row.deployment.id == *id);
        let shown = Shown::of(node.as_ref().ok()?, row, true);
        Some(Shown { id: id.clone(), ..shown })
    });
    of_file.chain(of_database).collect()
}

fn assemble(rows: &[Row], router: &Router, notes: &mut Notes) -> Setup {
    let (mut groups, patterns) = groups(rows);
    for group in &router.routing_groups {
        if let Some(joined) = group.join(&groups, notes) {
            groups.insert(group.name.clone(), Arc::new(joined));
        }
    }
    let hidden = router.aliases.iter().filter(|alias| alias.hidden);
    Setup {
        groups,
        patterns,
        aliases: router.aliases.iter().map(|alias| (alias.name.clone(), alias.target.clone())).collect(),
        routers: HashMap::new(),
        hidden: hidden.map(|alias| alias.name.clone()).collect(),
        queueing: router.queueing,
        rules: Arc::new(router.rules.clone()),
        access_groups: Default::default(),
        access: Default::default(),
        doorway: Default::default(),
        guards_fallbacks: false,
        spending: Default::default(),
        client_params: Default::default(),
        intake: Default::default(),
        sessions: Default::default(),
        pricing: Default::default(),
        guardrails: Default::default(),
        telemetry: Default::default(),
        cache: None,
        passages: Default::default(),
        files: Vec::new(),
        fleets: Vec::new(),
        heartbeat: router.heartbeat,
        forced_models: Vec::new(),
        always_stream_usage: false,
    }
}

/// The access groups of each name: those that all of its entries are in, as any of them may serve a call; and those
/// that were made while running.
fn access_groups(rows: &[Row], added: &[(String, Vec<String>)]) -> HashMap<String, Vec<String>> {
    let mut names = HashMap::<String, Vec<String>>::new();
    for row in rows {
        match names.get_mut(&row.group) {
            Some(known) => known.retain(|group| row.access_groups.contains(group)),
            None => drop(names.insert(row.group.clone(), row.access_groups.clone())),
        }
    }
    for (group, models) in added {
        for model in models {
            if let Some(known) = names.get_mut(model) {
                known.push(group.clone());
            }
        }
    }
    names.retain(|_, groups| !groups.is_empty());
    names.values_mut().for_each(|groups| {
        groups.sort();
        groups.dedup();
    });
    names
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
        let mut deployments = members.remove(name).unwrap_or_default();
        let team = owner(rows, name);
        if team.is_none() {
            // What belongs to a team serves nobody else, whatever its name is.
            let of_teams = rows.iter().filter(|row| row.group == name && row.team.is_some());
            for row in of_teams {
                deployments.retain(|deployment| deployment.id != row.deployment.id);
            }
        }
        let group = Arc::new(Group { name: name.to_owned(), deployments, team, strategy: None, lines: Arc::default() });
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

/// The team that a group belongs to: that of all of its deployments.
fn owner(rows: &[Row], group: &str) -> Option<String> {
    let mut teams = rows.iter().filter(|row| row.group == group).map(|row| row.team.as_ref());
    let first = teams.next()??;
    teams.all(|team| team == Some(first)).then(|| first.clone())
}
