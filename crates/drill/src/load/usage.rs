//! What other processes spend while a run lasts: processor time and memory, from Linux's /proc.

use serde::Serialize;
use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior, interval};

/// Milliseconds of one tick of `utime` and `stime`. Linux shows them in hundredths of a second on every machine
/// (`USER_HZ`), whatever its own clock does; the sum of both is exact within that.
const TICK_MS: u64 = 10;
/// How often memory is looked at. Seldom: it costs the watched process, too.
const LOOK: Duration = Duration::from_millis(500);

/// What the processes of one name have spent together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Cost {
    /// Processor time of all threads, user and system, in milliseconds.
    pub cpu_ms: u64,
    /// Time that threads were ready to run and waited for a core, in milliseconds. More than a little of it means that
    /// something else was at work on the same core, and that nothing else here is to be relied upon.
    pub waited_ms: u64,
    /// Largest resident memory seen, in KiB. Pages that processes share count in each of them.
    pub rss_kib: u64,
    /// Largest proportional memory seen, in KiB: a page that n processes share counts as an nth.
    pub pss_kib: u64,
}

/// A measurement under way.
pub(super) struct Usage<'a> {
    watched: &'a BTreeMap<String, Vec<u32>>,
    costs: BTreeMap<String, Cost>,
    /// Processor time and waits at the beginning.
    began: BTreeMap<String, (u64, u64)>,
}

impl<'a> Usage<'a> {
    /// Fails if a process is gone or does not want to be looked at.
    pub(super) fn begin(watched: &'a BTreeMap<String, Vec<u32>>) -> Result<Self, String> {
        let mut usage = Self { watched, costs: BTreeMap::new(), began: BTreeMap::new() };
        usage.look()?;
        for (name, pids) in watched {
            usage.began.insert(name.clone(), (sum(pids, cpu_ms)?, sum(pids, waited_ms)?));
        }
        Ok(usage)
    }

    /// Watches for so long, or until `done`.
    pub(super) async fn watch(&mut self, length: Duration, done: impl Future<Output = ()>) -> Result<(), String> {
        let mut done = std::pin::pin!(done);
        let end = tokio::time::sleep_until(Instant::now() + length);
        let (mut end, mut looks) = (std::pin::pin!(end), interval(LOOK));
        looks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            tokio::select! {
                biased;
                () = &mut end => return Ok(()),
                () = &mut done => return Ok(()),
                _ = looks.tick() => self.look()?,
            }
        }
    }

    /// What has been spent since the beginning.
    pub(super) fn end(mut self) -> Result<BTreeMap<String, Cost>, String> {
        for (name, pids) in self.watched {
            let (cpu, waited) = self.began.get(name).copied().unwrap_or_default();
            let cost = self.costs.entry(name.clone()).or_default();
            cost.cpu_ms = sum(pids, cpu_ms)?.saturating_sub(cpu);
            cost.waited_ms = sum(pids, waited_ms)?.saturating_sub(waited);
        }
        self.look()?;
        Ok(self.costs)
    }

    fn look(&mut self) -> Result<(), String> {
        for (name, pids) in self.watched {
            let cost = self.costs.entry(name.clone()).or_default();
            cost.rss_kib = cost.rss_kib.max(sum(pids, |pid| memory(pid, "Rss:"))?);
            cost.pss_kib = cost.pss_kib.max(sum(pids, |pid| memory(pid, "Pss:"))?);
        }
        Ok(())
    }
}

fn sum(pids: &[u32], of: impl Fn(u32) -> Result<u64, String>) -> Result<u64, String> {
    pids.iter().map(|pid| of(*pid)).sum()
}

fn read(pid: u32, file: &str) -> Result<String, String> {
    let path = format!("/proc/{pid}/{file}");
    fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))
}

/// Processor time of a process, of all its threads, in milliseconds.
fn cpu_ms(pid: u32) -> Result<u64, String> {
    let stat = read(pid, "stat")?;
    // The second field is the name, which may contain anything, in parentheses; utime and stime are the 14th and 15th.
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let times: Vec<u64> = after_name.split_ascii_whitespace().skip(11).take(2).flat_map(str::parse).collect();
    match times[..] {
        [user, system] => Ok((user + system) * TICK_MS),
        _ => Err(format!("/proc/{pid}/stat does not look as expected: {stat}")),
    }
}

/// Time that the threads of a process have waited for a core, in milliseconds.
fn waited_ms(pid: u32) -> Result<u64, String> {
    let path = format!("/proc/{pid}/task");
    let tasks = fs::read_dir(&path).map_err(|error| format!("{path}: {error}"))?;
    // Nanoseconds of work, nanoseconds of waiting, turns. Threads may be gone by now, and kernels built without this.
    let waited = |task: fs::DirEntry| {
        let stat = fs::read_to_string(task.path().join("schedstat")).ok()?;
        stat.split_ascii_whitespace().nth(1)?.parse::<u64>().ok()
    };
    Ok(tasks.flatten().filter_map(waited).sum::<u64>() / 1_000_000)
}

/// One line of a process's memory, in KiB.
fn memory(pid: u32, line: &str) -> Result<u64, String> {
    let all = read(pid, "smaps_rollup")?;
    let value = all.lines().find_map(|one| one.strip_prefix(line)?.split_ascii_whitespace().next()?.parse().ok());
    value.ok_or_else(|| format!("/proc/{pid}/smaps_rollup has no line {line}"))
}
