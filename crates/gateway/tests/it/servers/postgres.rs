//! Postgres, from the binaries of its package. Making a database directory takes a second, so that is done once per test
//! process; the directory is kept in memory, and written out for each server.

use std::ffi::OsStr;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::server::{Kind, Server};
use crate::gateway::Folder;

/// Who logs in, and with which password.
const USER: &str = "lockgate";
/// Debian's packages have a folder for each version here.
const VERSIONS: &str = "/usr/lib/postgresql";
/// The database directory, in the server's folder.
const DATA: &str = "data";
/// Postgres refuses to run as root, so a test that is root runs it as `nobody`, which is this user on every system, and
/// this group.
const NOBODY: u32 = 65534;
/// A small server, for connections by TCP alone. What is written stays in the memory of the system, which survives what
/// happens to the server.
const SETTINGS: &[&str] =
    &["unix_socket_directories=", "shared_buffers=16MB", "jit=off", "fsync=off", "full_page_writes=off"];

static KIND: Kind = Kind { name: "postgres", ready: "database system is ready to accept connections", end: "QUIT" };

/// The database server.
pub struct Postgres;

impl Postgres {
    /// Starts one that holds nothing yet.
    pub fn start() -> Server {
        Self::start_with(&[])
    }

    /// Starts one with more settings, as its configuration file would have them: `fsync=on`.
    pub fn start_with(settings: &[&str]) -> Server {
        let folder = Folder::new();
        give_away(folder.path());
        template().write(&folder.path().join(DATA));
        let command = |folder: &Path, addr: SocketAddr| {
            let mut command = program("postgres", folder);
            command.args(["-D", DATA, "-h", &addr.ip().to_string(), "-p", &addr.port().to_string()]);
            command.args(SETTINGS.iter().chain(settings).flat_map(|setting| ["-c", setting]));
            command
        };
        let url = |addr| format!("postgresql://{USER}:{USER}@{addr}/postgres");
        Server::start(&KIND, folder, command, url)
    }
}

/// What Postgres answers to a statement, as text.
pub fn query(server: &Server, sql: &str) -> String {
    let mut psql = program("psql", &std::env::temp_dir());
    let done = psql.args([&server.url, "--no-psqlrc", "-qAtc", sql]).output().expect("psql is there");
    assert!(done.status.success(), "{sql}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8_lossy(&done.stdout).trim().to_owned()
}

/// One of the package's programs, to be run in a folder, by a user who may, with no settings of this environment.
pub(super) fn program(name: &str, folder: &Path) -> Command {
    let mut command = Command::new(binaries().join(name));
    command.env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
    // Without a time zone, `initdb` compares the system's with all there are.
    command.envs([("LC_ALL", "C.UTF-8"), ("TZ", "UTC")]).current_dir(folder);
    if is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

/// The folder of the newest version; nothing, which is to say the path, where there is no such folder.
fn binaries() -> PathBuf {
    let versions = fs::read_dir(VERSIONS).into_iter().flatten().flatten();
    let number = |version: &OsStr| version.to_str()?.parse::<u32>().ok();
    let newest = versions.filter_map(|version| number(&version.file_name())).max();
    newest.map_or_else(PathBuf::new, |newest| Path::new(VERSIONS).join(newest.to_string()).join("bin"))
}

/// A database directory: itself and what is in it, by path from it, folders before what is in them.
struct Template(Vec<(PathBuf, Entry)>);

/// What a path stands for.
enum Entry {
    Folder,
    File(Vec<u8>),
}

fn template() -> &'static Template {
    static MADE: OnceLock<Template> = OnceLock::new();
    MADE.get_or_init(Template::make)
}

impl Template {
    fn make() -> Self {
        let folder = Folder::new();
        let password = folder.write("password", USER);
        give_away(folder.path());
        give_away(&password);
        let mut initdb = program("initdb", folder.path());
        initdb.args(["-D", DATA, "-U", USER, "--pwfile", "password", "--auth", "scram-sha-256"]);
        initdb.args(["--encoding", "UTF8", "--wal-segsize", "1", "--no-sync"]);
        let done = initdb.output().unwrap_or_else(|error| panic!("initdb: {error}; tools/setup.sh test installs it"));
        assert!(done.status.success(), "initdb: {}", String::from_utf8_lossy(&done.stderr));
        Self::read(&folder.path().join(DATA))
    }

    fn read(root: &Path) -> Self {
        let mut found = vec![(PathBuf::new(), Entry::Folder)];
        let mut folders = vec![PathBuf::new()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(root.join(&folder)).expect("the directory is readable").flatten() {
                let path = folder.join(entry.file_name());
                if entry.path().is_dir() {
                    found.push((path.clone(), Entry::Folder));
                    folders.push(path);
                } else {
                    found.push((path, Entry::File(fs::read(entry.path()).expect("the file is readable"))));
                }
            }
        }
        Self(found)
    }

    fn write(&self, root: &Path) {
        for (path, entry) in &self.0 {
            let path = root.join(path);
            // Postgres refuses what others may read.
            let written = match entry {
                Entry::Folder => DirBuilder::new().mode(0o700).create(&path),
                Entry::File(content) => OpenOptions::new()
                    .write(true)
                    .create_new(true)
                    .mode(0o600)
                    .open(&path)
                    .and_then(|mut file| file.write_all(content)),
            };
            written.expect("the folder for temporary files is writable");
            give_away(&path);
        }
    }
}

/// Makes it belong to who runs Postgres.
fn give_away(path: &Path) {
    if is_root() {
        chown(path, Some(NOBODY), Some(NOBODY)).expect("root may give a file away");
    }
}

fn is_root() -> bool {
    fs::metadata("/proc/self").expect("there is /proc").uid() == 0
}
