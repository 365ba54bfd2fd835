//! A line of the spool: the checksum of the rest (CRC-32, eight hexadecimal digits), a space, an entry as JSON.

use std::io::{self, Write};
use std::sync::Arc;

use crate::{Entry, Status};

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

/// Writes the line of an entry behind `lines`, which stay as they are if that cannot be.
pub(super) fn write(entry: &Entry, lines: &mut Vec<u8>) -> io::Result<()> {
    let start = lines.len();
    let mut written = put(entry, lines);
    if lines.len() - start > LONGEST {
        lines.truncate(start);
        let mut bounded = entry.clone();
        bounded.keep_in_bounds();
        written = put(&bounded, lines);
    }
    written.inspect_err(|_| lines.truncate(start))
}

fn put(entry: &Entry, lines: &mut Vec<u8>) -> io::Result<()> {
    let start = lines.len();
    lines.extend_from_slice(&[b' '; HEAD]);
    serde_json::to_writer(&mut *lines, entry)?;
    let checksum = crc32fast::hash(&lines[start + HEAD..]);
    write!(&mut lines[start..start + HEAD], "{checksum:08x}")?;
    lines.push(b'\n');
    Ok(())
}

/// What a line says.
#[derive(Debug)]
pub(super) enum Said {
    /// The attempt with this id is open.
    Open(String),
    /// Anything else.
    Entry(Box<Entry>),
}

/// How the line of an entry begins, and what stands in that of an open one: most of both is of no use to who only
/// wants to know that it is open.
const ID: &[u8] = b"{\"attempt_id\":\"";
const OPEN: &[u8] = b",\"status\":\"open\",";
/// How what it counts for begins.
const CHARGES: &str = ",\"charges\":[";
/// Within how many bytes of the beginning that stands.
const NEAR: usize = 1024;

/// Reads a line as far as it matters, without its end.
pub(super) fn glance(line: &[u8]) -> Result<Said, Flaw> {
    let json = checked(line)?;
    let id = json.strip_prefix(ID).and_then(|rest| rest.get(..memchr::memchr(b'"', rest)?));
    let is_open = memchr::memmem::find(&json[..json.len().min(NEAR)], OPEN).is_some();
    match id.filter(|id| is_open && !id.contains(&b'\\')).and_then(|id| str::from_utf8(id).ok()) {
        Some(id) => Ok(Said::Open(id.to_owned())),
        None => match parsed(json)? {
            Entry { status: Status::Open, attempt_id, .. } => Ok(Said::Open(attempt_id)),
            entry => Ok(Said::Entry(Box::new(entry))),
        },
    }
}

/// What the ledger's row says of an entry whose line was found good: all but what it counts for, which stands last.
pub(super) fn body(line: &[u8]) -> Option<Arc<str>> {
    let json = str::from_utf8(line.get(HEAD..)?).ok()?;
    // In a text the quotation marks would have a backslash before them.
    Some(match json.rfind(CHARGES) {
        Some(charges) => [&json[..charges], "}"].concat().into(),
        None => json.into(),
    })
}

/// Reads a line, without its end.
pub(super) fn read(line: &[u8]) -> Result<Entry, Flaw> {
    parsed(checked(line)?)
}

fn parsed(json: &[u8]) -> Result<Entry, Flaw> {
    serde_json::from_slice(json).map_err(|error| Flaw::Unreadable(error.to_string()))
}

/// The JSON of a line that is whole.
fn checked(line: &[u8]) -> Result<&[u8], Flaw> {
    let (checksum, json) = line.split_at_checked(HEAD).ok_or(Flaw::Torn)?;
    let checksum = str::from_utf8(checksum).ok().and_then(|text| text.strip_suffix(' '));
    if checksum.and_then(|text| u32::from_str_radix(text, 16).ok()) != Some(crc32fast::hash(json)) {
        return Err(Flaw::Torn);
    }
    Ok(json)
}
