//! From the incumbent's `config.yaml` to a [`Setup`], with every mistake and every risk named by file, line and path.
//!
//! The way of a file: [`include`] reads it and those it includes into one [`tree`] ([`yaml`]), [`environ`] fills in
//! variables, [`section`] checks each mapping against its table of [`keys`], and the rooms of the sections
//! ([`models`], [`prices`], [`router`], [`fallbacks`], [`general`]) make of it what the engine works with. [`checks`] look at the
//! result as a whole. What is wrong is noted, never thrown: all mistakes are reported at once ([`report`]).

mod added;
mod affinity;
mod alerts;
mod api_docs;
mod aws;
mod bounds;
mod build;
mod cache;
mod checks;
mod connection;
mod difference;
mod discover;
#[cfg(test)]
mod docs;
mod doorway;
mod environ;
mod facts;
mod fallbacks;
mod general;
mod guardrails;
mod health;
mod include;
mod keys;
mod loops;
mod management;
mod models;
mod name;
mod nodes;
mod passing;
mod prices;
mod redis;
mod report;
mod rest;
mod router;
mod routing;
mod section;
mod shown;
mod sign_in;
mod sign_on;
mod sinks;
mod spending;
mod sso;
mod strategy;
mod tokens;
mod tree;
mod truncation;
mod yaml;

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use engine::{Roll, Setup};

pub use added::{ACCESS_GROUP, ADDRESS, Added, access_groups, open as open_sealed};
pub use alerts::{AlertKind, AlertRules, Alerts, Form, Smtp, SmtpTls, Target};
pub use build::Tree;
pub use difference::Difference;
pub use discover::{Quick, discover};
pub use environ::ReadEnv;
pub use general::Keeping;
pub use health::{HealthRules, Means};
pub use include::MOST_BYTES;
pub use management::{KeyRules, KeyScope, Management, UserRules};
pub use prices::{Copies, PriceMap, Remote};
pub use report::Report;
pub use shown::{Shown, is_secret, without_secrets};
pub use sinks::{Address, Numbers, Otlp, S3, Shape, Sink, Way};
pub use sso::{Sso, rank};
pub use tokens::{DISCOVERY, role_named};

/// What came of a configuration.
pub struct Loaded {
    /// The setup, unless there is an error.
    pub setup: Option<Setup>,
    /// Everything that is wrong or risky.
    pub report: Report,
    /// What was found where nothing was configured, for people to read.
    pub found: Vec<String>,
    /// The files that were read, the configuration first: a change of any of them is a reason to load again.
    pub files: Vec<PathBuf>,
    /// Where keys and spend are kept.
    pub keeping: Keeping,
    /// Where the price map comes from that is asked for now and then.
    pub price_map: Option<Remote>,
    /// Settings of the management API.
    pub management: Management,
    /// The entries of `model_list`, and those that were added.
    pub models: Vec<Shown>,
    /// What was added and cannot be served, by id, and why.
    pub left_out: Vec<(String, String)>,
    /// What was read, for [`rebuild`]; `None` if it could not be.
    pub tree: Option<Tree>,
}

/// Loads the configuration in `path`. Deployments find their health of before in `roll`, prices what addresses of
/// price maps answered last in `copies`.
pub fn load(path: &Path, env: ReadEnv, roll: &Roll, copies: &Copies, added: &Added) -> Loaded {
    build::load(path, &read_file, &build::World { env, roll, now: SystemTime::now(), copies, added })
}

/// Makes another setup of what was read before: after something was added, without a look at the file.
pub fn rebuild(tree: &Tree, env: ReadEnv, roll: &Roll, copies: &Copies, added: &Added) -> Loaded {
    build::rebuild(tree, &read_file, &build::World { env, roll, now: SystemTime::now(), copies, added })
}

/// What is said of a configuration that is not taken.
pub struct Checked {
    /// Whether it could be.
    pub valid: bool,
    /// Everything that is wrong or risky.
    pub report: Report,
    /// What would be different.
    pub differences: Vec<Difference>,
}

/// Looks at the configuration in `path` as if `draft` were written there, and at what is different from `before`.
pub fn check(
    path: &Path,
    draft: Option<&[u8]>,
    before: Option<&Tree>,
    world: (ReadEnv, &Roll, &Copies, &Added),
) -> Checked {
    let read = |file: &Path| match draft {
        Some(draft) if file == path => Ok(draft.to_vec()),
        _ => read_file(file),
    };
    let (env, roll, copies, added) = world;
    let loaded = build::load(path, &read, &build::World { env, roll, now: SystemTime::now(), copies, added });
    let differences = loaded.tree.as_ref().map(|tree| difference::between(before, tree)).unwrap_or_default();
    Checked { valid: loaded.setup.is_some(), report: loaded.report, differences }
}

/// A variable of the process environment.
pub fn process_env(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
