//! Which database, and which folder: what the configuration says, else a SQLite file beside the configuration, else
//! in the folder where programs of this user keep their state.

use std::fs;
use std::path::{Path, PathBuf};

use store::StoreUrl;

use crate::config::{Keeping, ReadEnv};

/// The name of the SQLite file.
const FILE: &str = "lockgate.db";
/// Folder of a service that runs as root or has it made by its unit.
const SERVICE_DIR: &str = "/var/lib/lockgate";

/// Where the books are.
pub struct Place {
    /// The database.
    pub url: StoreUrl,
    /// Folder for what has not reached it yet.
    pub spool: PathBuf,
    /// A line about it for people.
    pub shown: String,
}

/// Where the books of a gateway with the configuration `config` are; `None` if it keeps none.
pub fn find(keeping: &Keeping, config: Option<&Path>, env: ReadEnv) -> Result<Option<Place>, String> {
    if keeping.url.as_deref().is_some_and(|url| url.trim().eq_ignore_ascii_case("none")) {
        return Ok(None);
    }
    let url = keeping.url.as_deref().map(StoreUrl::parse).transpose();
    let url = url.map_err(|why| format!("database_url cannot be used: {why}"))?;
    // Next to a file that somebody named, else wherever there is room.
    let beside = url.as_ref().and_then(StoreUrl::path).map(|path| path.parent().unwrap_or(Path::new("")).to_owned());
    let dir = match keeping.dir.clone().or(beside) {
        Some(dir) if is_writable(&dir) => Some(dir),
        Some(dir) => return Err(format!("the data directory {} cannot be written to", dir.display())),
        None => candidates(config, env).into_iter().find(|dir| is_writable(dir)),
    };
    let Some(dir) = dir else {
        let spool = std::env::temp_dir().join(format!("lockgate-{}", std::process::id()));
        let url = url.unwrap_or(StoreUrl::Memory);
        let lost = match &url {
            StoreUrl::Postgres(_) => "what calls cost is kept in Postgres, by way of a temporary one",
            StoreUrl::Memory | StoreUrl::Sqlite(_) => "keys and spend are forgotten at the end",
        };
        let shown = format!("found no directory that can be written to: {lost}");
        return Ok(Some(Place { url, spool, shown }));
    };
    let shown = match &url {
        Some(StoreUrl::Postgres(_)) => format!("keeping keys and spend in Postgres, by way of {}", dir.display()),
        Some(StoreUrl::Memory) => "keeping keys and spend in memory".to_owned(),
        Some(StoreUrl::Sqlite(_)) | None => format!("keeping keys and spend in {}", dir.join(FILE).display()),
    };
    let url = url.unwrap_or_else(|| StoreUrl::file(&dir.join(FILE)));
    Ok(Some(Place { url, spool: dir.join("spool"), shown }))
}

/// Folders that may hold the books, best first.
fn candidates(config: Option<&Path>, env: ReadEnv) -> Vec<PathBuf> {
    let beside = config.map(|file| match file.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir.to_owned(),
        _ => PathBuf::from("."),
    });
    let state = env("XDG_STATE_HOME").map(PathBuf::from).filter(|dir| dir.is_absolute());
    let home = env("HOME").map(|home| Path::new(&home).join(".local/state"));
    let state = state.or(home).map(|dir| dir.join("lockgate"));
    beside.into_iter().chain(state).chain([PathBuf::from(SERVICE_DIR)]).collect()
}

/// Whether a file can be made in `dir`, which is created if it is missing.
fn is_writable(dir: &Path) -> bool {
    let dir = if dir.as_os_str().is_empty() { Path::new(".") } else { dir };
    let probe = dir.join(format!(".lockgate-{}", std::process::id()));
    let made = fs::create_dir_all(dir).and_then(|()| fs::write(&probe, []));
    made.and_then(|()| fs::remove_file(&probe)).is_ok()
}

#[cfg(test)]
mod tests;
