//! Bodies of forms with files (`multipart/form-data`, RFC 7578): cut into parts in one pass, shown as the JSON object
//! that they would be in any other request, and changed field by field while files stay where they are.
//!
//! Cutting is strict: what two readers could understand differently is refused, for the provider reads it once more.

use std::borrow::Cow;
use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use memchr::memmem;
use types::{Fault, Recording};

use crate::json::{Doc, Edit, Kind, Object, Writer};
use crate::media::{sniff, sound_type};

/// Longest boundary that RFC 2046 allows.
const LONGEST_BOUNDARY: usize = 70;
/// Most parts of a form.
const MOST_PARTS: usize = 256;
/// Longest head of a part, bytes.
const LONGEST_HEAD: usize = 4 << 10;
/// Longest field that is no file, bytes.
const LONGEST_FIELD: usize = 1 << 20;
/// Most boundaries that are tried.
const MOST_BOUNDARIES: u32 = 8;
/// Longest name of a field, bytes.
const LONGEST_NAME: usize = 256;

/// Fields that are texts, whatever they look like.
const TEXTS: [&str; 7] = ["input", "instructions", "language", "model", "prompt", "size", "user"];
/// Fields that say what is asked or what it costs: nobody may say two things.
const ONCE: [&str; 9] =
    ["language", "model", "n", "prompt", "quality", "response_format", "size", "stream", "stream_format"];

/// A form, and where its parts are.
#[derive(Clone, Debug)]
pub struct Form {
    bytes: Bytes,
    boundary: String,
    parts: Vec<Part>,
}

/// One part of a form.
#[derive(Clone, Debug)]
struct Part {
    name: String,
    /// The name of the file, if it is one.
    filename: Option<String>,
    /// From its delimiter to the next one.
    whole: Range<usize>,
    content: Range<usize>,
}

impl Form {
    /// Whether a body of this content type is a form with files.
    pub fn is_meant(content_type: &str) -> bool {
        content_type.get(..19).is_some_and(|start| start.eq_ignore_ascii_case("multipart/form-data"))
    }

    /// Cuts a body.
    pub fn parse(content_type: &str, bytes: Bytes) -> Result<Self, Fault> {
        let boundary = boundary(content_type).ok_or_else(|| wrong("its content type names no boundary"))?;
        let delimiter = format!("\r\n--{boundary}");
        let finder = memmem::Finder::new(&delimiter);
        let mut parts = Vec::new();
        // The first delimiter may be the very first line.
        let mut at = match bytes.starts_with(&delimiter.as_bytes()[2..]) {
            true => 0,
            false => 2 + next(&finder, &bytes, 0).ok_or_else(|| wrong("its boundary is not in it"))?,
        };
        loop {
            let line = at + delimiter.len() - 2;
            let Some(start) = begin(&bytes, line) else { break };
            if parts.len() == MOST_PARTS {
                return Err(wrong(&format!("it has more than {MOST_PARTS} parts")));
            }
            // An empty part's line end is that of its head.
            let end = next(&finder, &bytes, start - 2).ok_or_else(|| wrong("it has no end"))?;
            parts.push(part(&bytes, at, start, end)?);
            at = end + 2;
        }
        if let Some(name) = ONCE.iter().find(|name| parts.iter().filter(|part| part.name == **name).count() > 1) {
            return Err(Fault::invalid_param(*name, format!("the form has more than one '{name}'")));
        }
        Ok(Form { bytes, boundary, parts })
    }

    /// The content type that belongs to it.
    pub fn content_type(&self) -> String {
        format!("multipart/form-data; boundary=\"{}\"", self.boundary)
    }

    /// The object that it would be as JSON. Of a file it has the name and the size.
    pub fn object(&self) -> Result<Object, Fault> {
        let mut failed = None;
        let object = Writer::document(|w| {
            for part in &self.parts {
                let content = &self.bytes[part.content.clone()];
                w.key(&part.name);
                if let Some(filename) = &part.filename {
                    w.object(|w| {
                        w.str_field("filename", filename);
                        w.num_field("bytes", content.len());
                    });
                } else if let Ok(text) = std::str::from_utf8(content) {
                    value(&part.name, text, w);
                } else {
                    failed = Some(Fault::invalid_param(&part.name, format!("'{}' is no text", part.name)));
                    w.null();
                }
            }
        });
        failed.map_or_else(|| Object::parse(object.freeze()), Err)
    }

    /// The names and contents of its files.
    pub fn files(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let files = self.parts.iter().filter(|part| part.filename.is_some());
        files.map(|part| (&*part.name, &self.bytes[part.content.clone()]))
    }

    /// The files that are pictures to be edited, as media types and base64.
    pub fn pictures(&self) -> Vec<(String, String)> {
        let files = self.files().filter(|(name, _)| *name == "image" || name.starts_with("image["));
        let picture = |(_, content): (&str, &[u8])| {
            let data = STANDARD.encode(content);
            (sniff(&data).unwrap_or("image/png").to_owned(), data)
        };
        files.map(picture).collect()
    }

    /// The file that is a recording. It is copied: whoever asks for it sends it in another way.
    pub fn recording(&self) -> Option<Recording> {
        let part = self.parts.iter().find(|part| part.name == "file" && part.filename.is_some())?;
        let (name, content) = (part.filename.clone()?, &self.bytes[part.content.clone()]);
        Some(Recording { media_type: sound_type(content, &name), bytes: content.into(), name })
    }

    /// The body with `edits` applied, in pieces: what does not change is a slice of the old one. Where a field of
    /// `object`, which was made of this form, says something else by now, that goes first.
    pub fn splice(&self, object: &Object, edits: &[Edit]) -> Vec<Bytes> {
        let mut out = Pieces { form: self, pieces: Vec::new(), run: 0..0 };
        let own = self.object().ok();
        let own = own.as_ref().unwrap_or(object);
        let set = |name: &str| {
            edits.iter().find_map(|edit| match edit {
                Edit::Set(other, value) if other == name => Some(value),
                _ => None,
            })
        };
        let removed = |name: &str| edits.iter().any(|edit| matches!(edit, Edit::Remove(other) if other == name));
        own.with(|own| {
            object.with(|said| {
                let fields = own.fields().zip(said.fields());
                for (at, (part, ((_, own), (_, said)))) in self.parts.iter().zip(fields).enumerate() {
                    let again = || self.parts[..at].iter().any(|other| other.name == part.name);
                    match set(&part.name) {
                        _ if removed(&part.name) => {}
                        Some(_) if again() => {}
                        Some(value) => out.field(&part.name, value),
                        None if own.raw() != said.raw() => out.field(&part.name, said.raw()),
                        None => out.keep(part),
                    }
                }
            });
        });
        for (at, edit) in edits.iter().enumerate() {
            let (Edit::Set(name, value) | Edit::Default(name, value)) = edit else { continue };
            let sets = |other: &Edit| matches!(other, Edit::Set(same, _) | Edit::Default(same, _) if same == name);
            let is_there = self.parts.iter().any(|part| part.name == *name);
            if !is_there && !removed(name) && !edits[..at].iter().any(sets) {
                out.field(name, value);
            }
        }
        out.end()
    }
}

/// A form in the making.
struct Pieces<'f> {
    form: &'f Form,
    pieces: Vec<Bytes>,
    /// What of the old body goes out as it is, so far.
    run: Range<usize>,
}

impl Pieces<'_> {
    fn keep(&mut self, part: &Part) {
        if self.run.end != part.whole.start {
            self.flush();
            self.run.start = part.whole.start;
        }
        self.run.end = part.whole.end;
    }

    fn flush(&mut self) {
        if !self.run.is_empty() {
            self.pieces.push(self.form.bytes.slice(self.run.clone()));
        }
        self.run = self.run.end..self.run.end;
    }

    /// A field with a JSON value.
    fn field(&mut self, name: &str, value: &str) {
        self.flush();
        let text = Doc::parse_head(value.as_bytes()).ok().and_then(|doc| doc.root().as_string());
        let text = text.as_deref().unwrap_or(value);
        let name = name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A");
        let boundary = &self.form.boundary;
        let part = format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n");
        self.pieces.push(part.into());
    }

    fn end(mut self) -> Vec<Bytes> {
        self.flush();
        self.pieces.push(format!("--{}--\r\n", self.form.boundary).into());
        self.pieces
    }
}

fn wrong(why: &str) -> Fault {
    Fault::invalid(format!("the form cannot be read: {why}"))
}

/// The boundary that a content type names.
fn boundary(content_type: &str) -> Option<String> {
    let found = content_type.split(';').skip(1).find_map(|param| {
        let (name, value) = param.split_once('=')?;
        name.trim().eq_ignore_ascii_case("boundary").then(|| value.trim())
    })?;
    let found = found.strip_prefix('"').map_or(Some(found), |rest| rest.strip_suffix('"'))?;
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(&byte);
    let fits = (1..=LONGEST_BOUNDARY).contains(&found.len()) && found.bytes().all(is_allowed) && !found.ends_with(' ');
    fits.then(|| found.to_owned())
}

/// A form with these fields and a recording: its content type, and its body.
pub(crate) fn written(fields: &[(&str, String)], name: &str, recording: &Recording) -> Result<(String, Bytes), Fault> {
    // Dice are not rolled here: a boundary that is in the file is passed over, within reason.
    let is_free = |boundary: &String| {
        let has = |bytes: &[u8]| memmem::find(bytes, boundary.as_bytes()).is_some();
        !has(&recording.bytes) && !fields.iter().any(|(_, value)| has(value.as_bytes()))
    };
    let boundary = (0..MOST_BOUNDARIES).map(|number| format!("lockgate-form-{number:08}")).find(is_free);
    let boundary = boundary.ok_or_else(|| wrong("its file has the boundaries of others in it"))?;
    let quoted = |text: &str| text.replace('"', "%22").replace(['\r', '\n', '\0'], "_");
    let mut body = BytesMut::with_capacity(recording.bytes.len() + 1024);
    for (name, value) in fields {
        let name = quoted(name);
        let part = format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend_from_slice(part.as_bytes());
    }
    let (filename, kind) = (quoted(&recording.name), recording.media_type);
    let head = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{filename}\"\r\nContent-Type: {kind}\r\n\r\n"
    );
    body.extend_from_slice(head.as_bytes());
    body.extend_from_slice(&recording.bytes);
    body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    Ok((format!("multipart/form-data; boundary={boundary}"), body.freeze()))
}

/// Where the next delimiter is: one that is not the beginning of a longer word.
fn next(delimiter: &memmem::Finder, bytes: &[u8], from: usize) -> Option<usize> {
    let is_one = |at: &usize| {
        let behind = &bytes[at + delimiter.needle().len()..];
        behind.starts_with(b"--") || behind.trim_ascii_start().len() < behind.len()
    };
    delimiter.find_iter(&bytes[from..]).map(|at| from + at).find(is_one)
}

/// Where the head of the part behind a delimiter begins; `None` if it was the last one.
fn begin(bytes: &[u8], line: usize) -> Option<usize> {
    let rest = &bytes[line..];
    let blanks = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    rest[blanks..].starts_with(b"\r\n").then_some(line + blanks + 2)
}

/// The part whose delimiter is at `at`, whose head begins at `start`, and behind which a delimiter follows at `end`.
fn part(bytes: &Bytes, at: usize, start: usize, end: usize) -> Result<Part, Fault> {
    let head = &bytes[start..end.max(start)];
    let head = &head[..head.len().min(LONGEST_HEAD)];
    let length = memmem::find(head, b"\r\n\r\n").ok_or_else(|| wrong("a part has no head, or one that is too long"))?;
    let head = std::str::from_utf8(&head[..length]).map_err(|_| wrong("the head of a part is no text"))?;
    let content = start + length + 4..end;
    if content.start > content.end {
        return Err(wrong("a part has no end of its own"));
    }
    let mut found = None;
    for line in head.split("\r\n") {
        if line.contains(['\r', '\n', '\0']) {
            return Err(wrong("the head of a part has odd characters"));
        }
        let (name, value) = line.split_once(':').ok_or_else(|| wrong("a line of a part's head has no colon"))?;
        match name.to_ascii_lowercase().as_str() {
            "content-disposition" if found.is_none() => found = Some(disposition(value)?),
            "content-disposition" => return Err(wrong("a part says twice what it is")),
            "content-transfer-encoding" if !matches!(value.trim(), "binary" | "8bit" | "7bit") => {
                return Err(wrong("a part is encoded"));
            }
            _ => {}
        }
    }
    let (name, filename) = found.ok_or_else(|| wrong("a part has no name"))?;
    if filename.is_none() && content.len() > LONGEST_FIELD {
        return Err(Fault::invalid_param(&name, format!("'{name}' is longer than {LONGEST_FIELD} bytes")));
    }
    Ok(Part { name, filename, whole: at..end + 2, content })
}

/// Name and file name of a part.
fn disposition(value: &str) -> Result<(String, Option<String>), Fault> {
    let odd = || wrong("the name of a part has an odd form");
    let mut rest = value.trim().strip_prefix("form-data").ok_or_else(odd)?.trim_start();
    let (mut name, mut filename) = (None, None);
    while let Some(param) = rest.strip_prefix(';') {
        let (key, behind) = param.split_once('=').ok_or_else(odd)?;
        let (text, behind) = match behind.strip_prefix('"') {
            Some(quoted) => quoted_text(quoted).ok_or_else(odd)?,
            None => {
                let end = behind.find([';', ' ']).unwrap_or(behind.len());
                (Cow::Borrowed(&behind[..end]), &behind[end..])
            }
        };
        let slot = match key.trim().to_ascii_lowercase().as_str() {
            "name" => &mut name,
            "filename" => &mut filename,
            // The same name once more, in another alphabet.
            "filename*" => {
                rest = behind.trim_start();
                continue;
            }
            _ => return Err(odd()),
        };
        if slot.replace(text.into_owned()).is_some() {
            return Err(odd());
        }
        rest = behind.trim_start();
    }
    let name = name.filter(|name| rest.is_empty() && !name.is_empty() && name.len() <= LONGEST_NAME);
    Ok((name.ok_or_else(odd)?, filename))
}

/// A text up to its closing quote, which is written with a backslash where it is meant, and what is behind it.
fn quoted_text(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let mut escaped = false;
    let end = text.bytes().position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    })?;
    let inner = &text[..end];
    let plain = if inner.contains('\\') { inner.replace("\\\"", "\"").into() } else { inner.into() };
    Some((plain, &text[end + 1..]))
}

/// Writes a field as the JSON value that it looks like: forms know nothing but texts.
fn value(name: &str, text: &str, w: &mut Writer) {
    let is_value = !TEXTS.contains(&name)
        && Doc::parse(text.as_bytes()).is_ok_and(|doc| !matches!(doc.root().kind(), Kind::String | Kind::Null));
    match is_value {
        true => w.json(text),
        false => w.string(text),
    }
}

#[cfg(test)]
mod tests;
