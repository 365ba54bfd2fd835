//! Schemas of tools as Ollama can read them: it knows no references, so what they point to is put in their place
//! (wire.md 10, trap 58).

use std::borrow::Cow;
use std::collections::HashSet;

use bytes::BytesMut;
use types::Raw;

use crate::json::{Doc, Json, Kind, MAX_DEPTH, Writer};

/// Most values that a schema may have with all its references resolved: they can multiply.
const MAX_VALUES: usize = 20_000;

/// What a reference counts for among them: it has to be looked up.
const REFERENCE: usize = 10;

const TOO_LARGE: &str = "it is too large with its references resolved";

/// The schema without references; the error says why it cannot do without.
pub(super) fn resolved(schema: &Raw) -> Result<Cow<'_, str>, &'static str> {
    let text = schema.get();
    let parsed = text.contains("\"$ref\"").then(|| Doc::parse(text.as_bytes()).ok()).flatten();
    let Some(doc) = parsed else {
        return Ok(Cow::Borrowed(text));
    };
    let mut out = BytesMut::with_capacity(2 * text.len());
    let mut resolver = Resolver { root: doc.root(), open: Vec::new(), left: MAX_VALUES, depth: 0 };
    // The definitions are written where they are used, and nowhere else.
    let mut written = HashSet::from(["$defs".to_owned(), "definitions".to_owned()]);
    let mut result = Ok(());
    Writer::new(&mut out).object(|w| result = resolver.fields(doc.root(), &mut written, w));
    result?;
    Ok(Cow::Owned(String::from_utf8_lossy(&out).into_owned()))
}

struct Resolver<'d> {
    root: Json<'d>,
    /// The references that are being resolved, from the outermost to the innermost.
    open: Vec<String>,
    /// How many values may still be written, and in how many containers this one is.
    left: usize,
    depth: usize,
}

impl<'d> Resolver<'d> {
    fn write(&mut self, value: Json<'d>, w: &mut Writer) -> Result<(), &'static str> {
        if self.left == 0 || self.depth == MAX_DEPTH {
            return Err(TOO_LARGE);
        }
        self.left -= 1;
        self.depth += 1;
        let mut result = Ok(());
        match value.kind() {
            Kind::Object => w.object(|w| result = self.fields(value, &mut HashSet::new(), w)),
            Kind::Array => w.array(|w| result = value.items().try_for_each(|item| self.write(item, w))),
            _ => w.json(value.raw()),
        }
        self.depth -= 1;
        result
    }

    /// Writes the fields of an object that were not written yet, and then those of what it refers to: what stands
    /// beside a reference is said of this place, and counts more.
    fn fields(&mut self, object: Json<'d>, written: &mut HashSet<String>, w: &mut Writer) -> Result<(), &'static str> {
        let reference = object.get("$ref").and_then(|reference| reference.as_string());
        for (key, value) in object.fields() {
            let name = key.as_string().unwrap_or_default();
            if (name == "$ref" && reference.is_some()) || written.contains(&name) {
                continue;
            }
            w.key(&name);
            written.insert(name);
            self.write(value, w)?;
        }
        self.left = self.left.saturating_sub(reference.as_ref().map_or(0, |_| REFERENCE));
        let Some((path, target)) = reference.and_then(|path| find(self.root, &path).map(|target| (path, target)))
        else {
            return Ok(());
        };
        if self.open.contains(&path) {
            return Err("it refers to itself");
        }
        if self.open.len() == MAX_DEPTH {
            return Err(TOO_LARGE);
        }
        self.open.push(path);
        self.fields(target, written, w)?;
        self.open.pop();
        Ok(())
    }
}

/// What a reference within the document points to.
fn find<'d>(root: Json<'d>, path: &str) -> Option<Json<'d>> {
    let steps = path.strip_prefix('#')?.split('/').skip(1);
    steps.map(|step| step.replace("~1", "/").replace("~0", "~")).try_fold(root, |place, step| place.get(&step))
}
