//! Failover drills: `lockgate drill config.yaml` puts mock providers in the place of all deployments, breaks one of them
//! after another in every way that providers break, and says how long it took to notice and to come back, which calls
//! were lost, what it cost, and what to change. No provider is called. `live` does the same to a share of a key's calls.

mod advice;
mod faults;
mod judge;
mod live;
mod report;
mod scene;
mod stage;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::rc::Rc;

use clap::Args;
use engine::{Roll, Setup};
use tokio::sync::Semaphore;
use tokio::task::{JoinSet, LocalSet};

use crate::cli::print;
use crate::config::{self, Added, Copies};
use faults::{FAULTS, Fault};
pub use live::{LiveDrill, LiveDrills, Plan, gate as live_gate};
use report::{Finding, Report};
use scene::Scene;
use stage::Stage;

/// Drills that run at once: most of their time is waiting.
const AT_ONCE: usize = 24;
/// Value of credentials whose variables are not set: nobody looks at them here.
const NO_SECRET: &str = "drill";

/// Flags of `drill`.
#[derive(Args)]
pub struct DrillArgs {
    /// Configuration file.
    pub file: PathBuf,
    /// Calls during each fault, for each deployment of the group.
    #[arg(long, default_value_t = 10)]
    calls: u32,
    /// Names of faults, separated by commas; all of them by default.
    #[arg(long, value_delimiter = ',')]
    faults: Vec<String>,
    /// Only this model group.
    #[arg(long)]
    model: Option<String>,
    /// Calls that each drill may lose before the exit status says failure.
    #[arg(long = "max-lost", default_value_t = 0)]
    max_lost: u32,
    /// Where the report is stored as JSON; beside the configuration file by default.
    #[arg(long)]
    report: Option<PathBuf>,
}

/// `lockgate drill`: 0 if no drill lost more calls than it may, 1 if one did, 2 if there was nothing to drill.
pub fn run(args: &DrillArgs) -> ExitCode {
    match drill(args) {
        Ok(report) => {
            print(&report.to_string());
            let file = args.report.clone().unwrap_or_else(|| args.file.with_extension("drill.json"));
            match std::fs::write(&file, report.json()) {
                Ok(()) => print(&format!("the report is in {}", file.display())),
                Err(error) => {
                    eprintln!("the report cannot be written to {}: {error}", file.display());
                    return ExitCode::from(2);
                }
            }
            if report.most_lost() > args.max_lost { ExitCode::FAILURE } else { ExitCode::SUCCESS }
        }
        Err(why) => {
            eprintln!("{why}");
            ExitCode::from(2)
        }
    }
}

fn drill(args: &DrillArgs) -> Result<Report, String> {
    let faults = chosen(&args.faults)?;
    let setup = load(&args.file)?;
    let scenes = Scene::all(&setup, args.model.as_deref());
    if scenes.is_empty() {
        return Err(match &args.model {
            Some(model) => format!("{}: no model group is called {model}", args.file.display()),
            None => format!("{}: there is no deployment to drill", args.file.display()),
        });
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| format!("drills cannot run: {error}"))?;
    LocalSet::new().block_on(&runtime, all(args, scenes, faults))
}

/// Names of the faults of live drills.
pub fn faults_of_live_drills() -> Vec<&'static str> {
    live::BROKEN.iter().map(|fault| fault.name).collect()
}

/// Every fault at every deployment, each on a stage of its own: what one of them breaks, no other one notices.
async fn all(args: &DrillArgs, scenes: Vec<Scene>, faults: Vec<&'static Fault>) -> Result<Report, String> {
    let permits = Rc::new(Semaphore::new(AT_ONCE));
    let mut drills: JoinSet<Result<(usize, Finding), String>> = JoinSet::new();
    let cases = scenes.iter().flat_map(|scene| faults.iter().map(move |fault| (scene, *fault)));
    for (number, (scene, fault)) in cases.enumerate() {
        let (scene, file, permits, calls) = (scene.clone(), args.file.clone(), permits.clone(), args.calls.max(1));
        drills.spawn_local(async move {
            let _permit = permits.acquire().await;
            let stage = Stage::set(load(&file)?).await?;
            Ok((number, stage.play(&scene, fault, calls).await))
        });
    }
    let mut findings = Vec::new();
    while let Some(drill) = drills.join_next().await {
        findings.push(drill.map_err(|error| format!("a drill broke off: {error}"))??);
    }
    findings.sort_by_key(|(number, _)| *number);
    Ok(Report::new(args.file.display().to_string(), findings.into_iter().map(|(_, finding)| finding).collect()))
}

fn chosen(names: &[String]) -> Result<Vec<&'static Fault>, String> {
    if names.is_empty() {
        return Ok(FAULTS.iter().collect());
    }
    let find = |name: &String| {
        let known = || FAULTS.iter().map(|fault| fault.name).collect::<Vec<_>>().join(", ");
        let found = FAULTS.iter().find(|fault| fault.name == name.trim());
        found.ok_or_else(|| format!("no fault is called {name:?}; there are: {}", known()))
    };
    names.iter().map(find).collect()
}

/// The setup of a configuration, of which nobody has asked anything yet.
fn load(file: &Path) -> Result<Setup, String> {
    let loaded = config::load(file, &env, &Roll::default(), &Copies::default(), &Added::default());
    loaded.setup.ok_or_else(|| format!("{:#}", loaded.report))
}

/// The environment; a credential that is not there is none that is missed.
fn env(name: &str) -> Option<String> {
    let is_credential = ["_KEY", "_TOKEN", "_SECRET", "_PASSWORD"].iter().any(|end| name.ends_with(end));
    config::process_env(name).or_else(|| is_credential.then(|| NO_SECRET.to_owned()))
}
