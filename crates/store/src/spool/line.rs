//! A line of the spool: the checksum of the rest (CRC-32, eight hexadecimal digits), a space, an entry as JSON.

use std::io::{self, Write};

use crate::Entry;

/// Longest line.
pub(super) const LONGEST: usize = 1 << 20;
/// Length of the checksum with the space behind it.
const HEAD: usize = 9;

/// Why a line is none.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    /// Its writing was cut off.
    Torn,
    /// It is whole, and not an entry.
    Unreadable(String),
}

/// Writes the line of an entry into `line`, which is emptied first.
pub(super) fn write(entry: &Entry, line: &mut Vec<u8>) -> io::Result<()> {
    put(entry, line)?;
    if line.len() > LONGEST {
        put(&entry.clone().bounded(), line)?;
    }
    Ok(())
}

fn put(entry: &Entry, line: &mut Vec<u8>) -> io::Result<()> {
    line.clear();
    line.extend_from_slice(&[b' '; HEAD]);
    serde_json::to_writer(&mut *line, entry)?;
    let checksum = crc32fast::hash(&line[HEAD..]);
    write!(&mut line[..HEAD], "{checksum:08x}")?;
    line.push(b'\n');
    Ok(())
}

/// Reads a line, without its end.
pub(super) fn read(line: &[u8]) -> Result<Entry, Flaw> {
    let (checksum, json) = line.split_at_checked(HEAD).ok_or(Flaw::Torn)?;
    let checksum = str::from_utf8(checksum).ok().and_then(|text| text.strip_suffix(' '));
    if checksum.and_then(|text| u32::from_str_radix(text, 16).ok()) != Some(crc32fast::hash(json)) {
        return Err(Flaw::Torn);
    }
    serde_json::from_slice(json).map_err(|error| Flaw::Unreadable(error.to_string()))
}
