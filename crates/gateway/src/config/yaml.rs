//! From YAML text to a tree: anchors and merge keys are resolved, keys are unique, and a small file cannot grow
//! without end.

use std::collections::HashMap;

use granit_parser::{Event, Parser, ScalarStyle, Span, StrInput, Tag};

use super::report::{Notes, Place};
use super::tree::{Node, Scalar, Value};

/// Largest tree, in bytes of text plus [`VALUE_WEIGHT`] per value: aliases can make a small file enormous.
const MOST_WEIGHT: usize = 32 << 20;
/// What a value weighs beside its text.
const VALUE_WEIGHT: usize = 64;

/// Reads one file; `file` is its index in `notes`. `None` if the text is not YAML at all, which is noted.
pub fn read(text: &str, file: usize, notes: &mut Notes) -> Option<Node> {
    let options = granit_parser::options! { emit_unresolved_aliases: true, emit_comments: false };
    let text = text.trim_start_matches('\u{feff}');
    let parser = Parser::new_from_str_with_options(text, options);
    let mut reader = Reader { text, parser, file, notes, path: Vec::new(), anchors: HashMap::new(), weight: 0 };
    reader.document().ok()
}

/// Reading cannot go on; why is noted.
struct Stop;

struct Reader<'t, 'n> {
    text: &'t str,
    parser: Parser<'t, StrInput<'t>>,
    file: usize,
    notes: &'n mut Notes,
    /// Where in the tree the reader is.
    path: Vec<String>,
    /// Anchored values and their weight.
    anchors: HashMap<usize, (Node, usize)>,
    /// Weight of everything so far.
    weight: usize,
}

impl<'t> Reader<'t, '_> {
    fn document(&mut self) -> Result<Node, Stop> {
        let mut root = Node { place: Place { file: self.file, line: 1, column: 1 }, value: Value::Null };
        let mut documents = 0;
        loop {
            let (event, place) = self.next()?;
            match event {
                Event::StreamEnd => return Ok(root),
                Event::DocumentStart(..) => documents += 1,
                _ if documents > 1 => {
                    self.error(place, "a second document begins here", "a configuration is one document: remove `---`");
                    return Err(Stop);
                }
                event if event.is_node() => root = self.node(event, place)?,
                _ => {}
            }
        }
    }

    fn next(&mut self) -> Result<(Event<'t>, Place), Stop> {
        match self.parser.next_event() {
            Some(Ok((event, span))) => Ok((event, self.place(&span))),
            Some(Err(error)) => {
                let at = error.marker();
                let place = self.place(&Span::empty(*at));
                match self.tab_after(place) {
                    Some(tab) if error.info().contains("tab") => {
                        self.error(tab, "not YAML: a tab in the indentation", "indent with spaces");
                    }
                    _ => {
                        let message = format!("not YAML: {}", error.info());
                        self.error(place, &message, "check the indentation and the quotes");
                    }
                }
                Err(Stop)
            }
            None => Err(Stop),
        }
    }

    /// The first line from `place` on that is indented with a tab: the parser points at what came before it.
    fn tab_after(&self, place: Place) -> Option<Place> {
        let lines = (1u32..).zip(self.text.lines()).skip_while(|(line, _)| *line < place.line);
        lines.into_iter().find_map(|(line, text)| {
            let indent = text.find(|char: char| !char.is_whitespace())?;
            let column = text[..indent].find('\t')? as u32 + 1;
            Some(Place { line, column, ..place })
        })
    }

    fn place(&self, span: &Span) -> Place {
        let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Place { file: self.file, line: number(span.start.line()), column: number(span.start.col() + 1) }
    }

    fn node(&mut self, event: Event<'t>, place: Place) -> Result<Node, Stop> {
        let before = self.weight;
        let anchor = event.is_node().then(|| event.anchor_id()).flatten();
        let value = match event {
            Event::Scalar(text, style, _, tag) => {
                self.grow(place, text.len())?;
                self.scalar(text.into_owned(), style == ScalarStyle::Plain, tag.as_deref(), place)
            }
            Event::SequenceStart(_, _, tag) => {
                self.grow(place, 0)?;
                self.check_tag(tag.as_deref(), place);
                self.list()?
            }
            Event::MappingStart(_, _, tag) => {
                self.grow(place, 0)?;
                self.check_tag(tag.as_deref(), place);
                self.map()?
            }
            Event::Alias(id) => self.alias(id, place)?,
            Event::UnresolvedAlias(name) => {
                self.error(place, &format!("no anchor `&{name}` stands before this"), "define it further up");
                Value::Null
            }
            _ => Value::Null,
        };
        let node = Node { place, value };
        if let Some(id) = anchor {
            self.anchors.insert(id, (node.clone(), self.weight - before));
        }
        Ok(node)
    }

    fn scalar(&mut self, text: String, plain: bool, tag: Option<&Tag>, place: Place) -> Value {
        self.check_tag(tag, place);
        let plain = plain && !tag.is_some_and(|tag| tag.is_yaml_core_schema_tag("str"));
        match text.as_str() {
            "" | "~" | "null" | "Null" | "NULL" if plain => Value::Null,
            _ => Value::Scalar(Scalar { text, plain, variable: None }),
        }
    }

    fn check_tag(&mut self, tag: Option<&Tag>, place: Place) {
        if let Some(tag) = tag.filter(|tag| !tag.is_yaml_core_schema() && tag.original() != "!") {
            self.error(place, &format!("the tag {} has no meaning here", tag.original()), "remove it");
        }
    }

    fn list(&mut self) -> Result<Value, Stop> {
        let mut items = Vec::new();
        loop {
            let (event, place) = self.next()?;
            if event == Event::SequenceEnd {
                return Ok(Value::List(items));
            }
            self.path.push(format!("[{}]", items.len()));
            items.push(self.node(event, place)?);
            self.path.pop();
        }
    }

    fn map(&mut self) -> Result<Value, Stop> {
        let mut entries = Entries::default();
        let mut merged = Vec::new();
        loop {
            let (event, place) = self.next()?;
            if event == Event::MappingEnd {
                break;
            }
            let key = self.key(event, place)?;
            self.path.push(format!(".{}", key.as_deref().unwrap_or("?")));
            let (event, value_place) = self.next()?;
            let node = self.node(event, value_place)?;
            match key {
                Some(key) if key == "<<" => merged.push(node),
                // Findings about a value point at its key, wherever the value itself begins.
                Some(key) => self.insert(&mut entries, key, Node { place, ..node }),
                None => {}
            }
            self.path.pop();
        }
        for node in merged {
            self.merge(&mut entries, node);
        }
        Ok(Value::Map(entries.list))
    }

    /// A mapping's key; `None` if it cannot be one, which is noted.
    fn key(&mut self, event: Event<'t>, place: Place) -> Result<Option<String>, Stop> {
        let node = self.node(event, place)?;
        if let Value::Scalar(Scalar { text, .. }) = node.value {
            return Ok(Some(text));
        }
        self.error(place, "a key must be a text", "quote it if it begins with a bracket or is empty");
        Ok(None)
    }

    fn insert(&mut self, entries: &mut Entries, key: String, node: Node) {
        if let Some(at) = entries.index.get(&key) {
            let first = entries.list[*at].1.place.line;
            self.error(node.place, &format!("the key is given already in line {first}"), "keep one of the two");
            return;
        }
        entries.push(key, node);
    }

    /// What `<<` brings in: keys that are not there yet.
    fn merge(&mut self, entries: &mut Entries, node: Node) {
        match node.value {
            Value::Map(list) => {
                for (key, node) in list {
                    if !entries.index.contains_key(&key) {
                        entries.push(key, node);
                    }
                }
            }
            Value::List(items) => items.into_iter().for_each(|item| self.merge(entries, item)),
            Value::Null => {}
            _ => self.error(node.place, "`<<` takes a mapping or a list of mappings", "write e.g. <<: *defaults"),
        }
    }

    fn alias(&mut self, id: usize, place: Place) -> Result<Value, Stop> {
        let Some((node, weight)) = self.anchors.get(&id) else {
            self.error(place, "the anchor contains this very place", "write the value out");
            return Ok(Value::Null);
        };
        let (value, weight) = (node.value.clone(), *weight);
        self.grow(place, weight)?;
        Ok(value)
    }

    fn grow(&mut self, place: Place, weight: usize) -> Result<(), Stop> {
        self.weight = self.weight.saturating_add(weight).saturating_add(VALUE_WEIGHT);
        if self.weight <= MOST_WEIGHT {
            return Ok(());
        }
        self.error(place, "the configuration is larger than 32 MiB", "look for aliases that multiply each other");
        Err(Stop)
    }

    fn error(&mut self, place: Place, message: &str, remedy: &str) {
        let path = self.path.concat();
        self.notes.error(place, path.trim_start_matches('.'), message, remedy);
    }
}

/// A mapping in the making.
#[derive(Default)]
struct Entries {
    list: Vec<(String, Node)>,
    index: HashMap<String, usize>,
}

impl Entries {
    fn push(&mut self, key: String, node: Node) {
        self.index.insert(key.clone(), self.list.len());
        self.list.push((key, node));
    }
}

#[cfg(test)]
mod tests;
