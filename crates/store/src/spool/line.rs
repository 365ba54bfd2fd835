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
const ID: &str = "{\"attempt_id\":\"";
const OPEN: &[u8] = b",\"status\":\"open\",";
/// How the first field begins that the ledger has no column for, and what it counts for. In a text the quotation marks
/// would have a backslash before them.
const REST: &str = ",\"call_type\":";
const CHARGES: &str = ",\"charges\":[";
/// Within how many bytes of the beginning that stands.
const NEAR: usize = 1024;

/// Reads a line as far as it matters, without its end.
pub(super) fn glance(line: &[u8]) -> Result<Said, Flaw> {
    let json = checked(line)?;
    let id = json.strip_prefix(ID).and_then(|rest| rest.split('"').next());
    let is_open = memchr::memmem::find(&json.as_bytes()[..json.len().min(NEAR)], OPEN).is_some();
    match id.filter(|id| is_open && !id.contains('\\')) {
        Some(id) => Ok(Said::Open(id.to_owned())),
        None => match parsed(json)? {
            Entry { status: Status::Open, attempt_id, .. } => Ok(Said::Open(attempt_id)),
            entry => Ok(Said::Entry(Box::new(entry))),
        },
    }
}

/// The body of the ledger's row of an entry whose line was found good.
pub(super) fn body(line: &[u8]) -> Option<Arc<str>> {
    body_of(str::from_utf8(line.get(HEAD..)?).ok()?)
}

/// The body of the ledger's row: all that an entry says but what has columns of its own, and what it counts for.
pub(crate) fn body_of(json: &str) -> Option<Arc<str>> {
    let from = memchr::memmem::find(json.as_bytes(), REST.as_bytes())? + 1;
    let to = json.rfind(CHARGES).unwrap_or(json.len() - 1);
    Some(["{", &json[from..to], "}"].concat().into())
}

/// Reads a line, without its end.
pub(super) fn read(line: &[u8]) -> Result<Entry, Flaw> {
    parsed(checked(line)?)
}

fn parsed(json: &str) -> Result<Entry, Flaw> {
    serde_json::from_str(json).map_err(|error| Flaw::Unreadable(error.to_string()))
}

/// The JSON of a line that is whole.
fn checked(line: &[u8]) -> Result<&str, Flaw> {
    let (checksum, json) = line.split_at_checked(HEAD).ok_or(Flaw::Torn)?;
    let checksum = str::from_utf8(checksum).ok().and_then(|text| text.strip_suffix(' '));
    if checksum.and_then(|text| u32::from_str_radix(text, 16).ok()) != Some(crc32fast::hash(json)) {
        return Err(Flaw::Torn);
    }
    str::from_utf8(json).map_err(|error| Flaw::Unreadable(error.to_string()))
}
