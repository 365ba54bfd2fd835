//! `lockgate demo`: a folder with a configuration and a database in which people have worked for ninety days, to look at
//! the admin UI or to try reports. Nobody in it exists; the same seed gives the same company.

mod calls;
mod company;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use engine::Dice;
use store::{Change, Store, StoreUrl};

use crate::books::unix_ms;
use crate::cli::print;
use company::Company;

/// Entries that are booked at once.
const AT_ONCE: usize = 1000;
/// Most days: reports show no more.
const MOST_DAYS: u32 = 366;
/// The models of the company, with answers that cost nothing.
const CONFIG: &str = include_str!("showcase/config.yaml");

/// Flags of `demo`.
#[derive(Args)]
pub struct DemoArgs {
    /// Folder to make; it must not be there yet.
    #[arg(long, default_value = "lockgate-demo")]
    dir: PathBuf,
    /// Days that people have worked.
    #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_DAYS)))]
    days: u32,
    /// What decides who did what.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Makes the folder.
pub fn run(args: &DemoArgs) -> ExitCode {
    let made = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let made = made.map_err(|error| error.to_string()).and_then(|runtime| runtime.block_on(make(args)));
    match made {
        Ok(calls) => {
            let config = args.dir.join("config.yaml");
            print(&format!(
                "{calls} calls of {} days are in {}\nserve them: lockgate --config {}\nand look: http://localhost:4000/ui (password: sk-demo)",
                args.days,
                args.dir.display(),
                config.display()
            ));
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("the demo cannot be made: {why}");
            ExitCode::FAILURE
        }
    }
}

async fn make(args: &DemoArgs) -> Result<usize, String> {
    fs::create_dir(&args.dir).map_err(|why| format!("{}: {why}", args.dir.display()))?;
    fs::write(args.dir.join("config.yaml"), CONFIG).map_err(|why| why.to_string())?;
    let (mut dice, now) = (Dice::new(args.seed), unix_ms());
    let company = Company::new(&mut dice, now, args.days);
    let store = Store::new(&StoreUrl::file(&args.dir.join("lockgate.db")));
    let filled = fill(&store, &company, &mut dice, now, args.days).await.map_err(|problem| problem.to_string());
    store.close().await;
    let calls = filled?;
    // The spool is the gateway's own; what is here is booked already.
    remove_empty(&args.dir.join("spool"));
    Ok(calls)
}

async fn fill(store: &Store, company: &Company, dice: &mut Dice, now: i64, days: u32) -> store::Result<usize> {
    store.migrate().await?;
    for (author, writes) in company.changes() {
        store.write(Change { writes, author, ..Change::default() }).await?;
    }
    let entries = calls::all(company, dice, now, days);
    for some in entries.chunks(AT_ONCE) {
        store.book(some).await?;
    }
    Ok(entries.len())
}

fn remove_empty(folder: &Path) {
    // What is not empty stays.
    let _ = fs::remove_dir(folder);
}
