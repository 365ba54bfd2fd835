//! Memory and load, as Linux tells of them in `/proc`.

use std::fs::read_to_string;
use std::thread::available_parallelism;

use super::Facts;

/// What is known without GPUs.
pub fn facts() -> Facts {
    let memory = read_to_string("/proc/meminfo").unwrap_or_default();
    let load = read_to_string("/proc/loadavg").unwrap_or_default();
    Facts {
        memory_bytes: bytes(&memory, "MemTotal:"),
        available_bytes: bytes(&memory, "MemAvailable:"),
        processors: available_parallelism().ok().map(usize::from),
        load: load.split(' ').next().and_then(|load| load.parse().ok()),
        ..Facts::default()
    }
}

/// A line of `/proc/meminfo`: `MemTotal:       16303428 kB`.
fn bytes(text: &str, name: &str) -> Option<u64> {
    let mut words = text.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace();
    let number: u64 = words.next()?.parse().ok()?;
    number.checked_mul(1024).filter(|_| words.next() == Some("kB"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_as_linux_writes_it() {
        let text =
            "MemTotal:       16303428 kB\nMemFree: 1 kB\nMemAvailable:    8151714 kB\nHugePages_Total:       0\n";
        assert_eq!(bytes(text, "MemTotal:"), Some(16_303_428 * 1024));
        assert_eq!(bytes(text, "MemAvailable:"), Some(8_151_714 * 1024));
        assert_eq!((bytes(text, "HugePages_Total:"), bytes("", "MemTotal:")), (None, None));
    }
}
