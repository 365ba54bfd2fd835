//! What operators must hear of: a database that is away, a spool that grows, a disk that fills up or fails.

use std::io;
use std::path::PathBuf;

use rustix::fs::statvfs;
use store::Problem;
use store::spool::Spool;
use tokio::time::{Duration, Instant};

use crate::alarm::Alarm;

/// Size from which the spool is too large to be called usual.
const LARGE: u64 = 256 << 20;
/// A disk is nearly full with less than this, or than a twentieth of it.
const LITTLE: u64 = 1 << 30;
/// How often the space on the disk is looked at.
const SPACE: Duration = Duration::from_secs(10);

/// Looks after the spool.
pub struct Lookout {
    dir: PathBuf,
    away: Alarm,
    large: Alarm,
    full: Alarm,
    broken: Alarm,
    unreadable: Alarm,
    lost: u64,
    looked_at: Option<Instant>,
}

impl Lookout {
    /// Looks after the spool in `dir`.
    pub fn new(dir: PathBuf) -> Self {
        let (away, large, full, broken, unreadable) = Default::default();
        Lookout { dir, away, large, full, broken, unreadable, lost: 0, looked_at: None }
    }

    /// The spool cannot be read, or something cannot be set aside.
    pub fn unreadable(&mut self, error: &io::Error) {
        self.unreadable.raise(&format!("the spool in {} cannot be followed: {error}", self.dir.display()));
    }

    /// Tells the log what there is to be told; `waiting` are bytes that are not booked yet.
    pub fn look(&mut self, spool: &Spool, waiting: u64, problem: Option<&Problem>) {
        let megabytes = waiting >> 20;
        match problem {
            Some(problem) => self.away.raise(&format!(
                "what calls cost cannot be booked and stays in the spool ({megabytes} MiB): {problem}"
            )),
            None => self.away.end("what calls cost is booked again"),
        }
        match waiting > LARGE {
            true => self.large.raise(&format!("the spool has grown to {megabytes} MiB in {}", self.dir.display())),
            false => self.large.end("the spool has its usual size again"),
        }
        match spool.trouble() {
            Some(why) => self.broken.raise(&format!(
                "the disk does not take what calls cost, so no call is made: {why} ({})",
                self.dir.display()
            )),
            None => self.broken.end("the disk takes what calls cost again"),
        }
        if spool.lost() > self.lost {
            tracing::error!("{} attempts could not be kept and will never be booked", spool.lost() - self.lost);
            self.lost = spool.lost();
        }
        if self.looked_at.is_none_or(|at| at.elapsed() >= SPACE) {
            self.looked_at = Some(Instant::now());
            self.look_at_space();
        }
    }

    fn look_at_space(&mut self) {
        let Ok(stat) = statvfs(&self.dir) else { return };
        let (free, all) = (stat.f_bavail * stat.f_frsize, stat.f_blocks * stat.f_frsize);
        let megabytes = free >> 20;
        match is_little(free, all) {
            true => self.full.raise(&format!("only {megabytes} MiB are left on the disk of {}", self.dir.display())),
            false => self.full.end("there is enough space on the disk again"),
        }
    }
}

fn is_little(free: u64, all: u64) -> bool {
    free < LITTLE.min(all / 20)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_is_nearly_full_in_its_own_measure() {
        let gib = 1 << 30;
        for (free, all, little) in
            [(gib / 2, 4096 * gib, true), (2 * gib, 4096 * gib, false), (40 << 20, gib, true), (100 << 20, gib, false)]
        {
            assert_eq!(is_little(free, all), little, "{free} of {all}");
        }
    }
}
