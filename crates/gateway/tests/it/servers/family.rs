//! Processes and their descendants, from Linux's /proc: Postgres serves every connection from a child.

use std::fs;
use std::process::Command;

/// A process at the moment of looking.
#[derive(Clone, Copy, Debug)]
pub struct Process {
    /// Its id.
    pub pid: u32,
    parent: u32,
    state: char,
}

impl Process {
    /// Whether it still is there, running or not.
    pub fn is_there(&self) -> bool {
        look(self.pid).is_some()
    }

    /// Whether it does nothing until it is told to go on: it is stopped, or over and only not yet waited for.
    pub fn stands_still(&self) -> bool {
        ['T', 'Z', 'X'].contains(&self.state)
    }
}

/// The process, and all that descend from it; empty if it is gone.
pub fn family(pid: u32) -> Vec<Process> {
    let all = all();
    let mut found: Vec<Process> = all.iter().copied().filter(|one| one.pid == pid).collect();
    let mut next = 0;
    while let Some(parent) = found.get(next).map(|one| one.pid) {
        found.extend(all.iter().filter(|one| one.parent == parent));
        next += 1;
    }
    found
}

/// Sends a signal by its name to all of these; those that are gone meanwhile do not mind.
pub fn signal(name: &str, to: &[Process]) {
    let pids = to.iter().map(|one| one.pid.to_string());
    let mut kill = Command::new("sh");
    kill.args(["-c", "kill -s \"$0\" \"$@\" 2>/dev/null", name]).args(pids);
    kill.status().expect("there is a shell");
}

fn all() -> Vec<Process> {
    let folders = fs::read_dir("/proc").expect("there is /proc").flatten();
    let pids = folders.filter_map(|folder| folder.file_name().to_str()?.parse().ok());
    pids.filter_map(look).collect()
}

/// `None` if there is no such process.
fn look(pid: u32) -> Option<Process> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the name, which may contain anything, in parentheses; state and parent follow.
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
    let (state, parent) = (fields.next()?.chars().next()?, fields.next()?.parse().ok()?);
    Some(Process { pid, parent, state })
}
