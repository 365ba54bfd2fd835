//! An alert, before it is written for a channel.

use serde_json::{Map, Value, json};

use crate::config::AlertKind;

/// Longest name or text of somebody else's that is shown, characters; longest title, and longest message.
const LONGEST: usize = 200;
const LONGEST_TITLE: usize = 120;
const LONGEST_MESSAGE: usize = 590;

/// Something that somebody should know.
#[derive(Clone, Debug, PartialEq)]
pub struct Alert {
    /// Which kind it is of: who has chosen it is told.
    pub kind: AlertKind,
    /// What happened, as programs call it.
    pub event: &'static str,
    /// Whom or what it is about: `key`, `team`, `deployment`, `gateway`.
    pub group: &'static str,
    /// How much it matters.
    pub level: Level,
    /// What happened, in a few words.
    pub title: String,
    /// The same in a sentence.
    pub message: String,
    /// What is known of it, for people.
    pub facts: Vec<(&'static str, String)>,
    /// Tables, for people.
    pub tables: Vec<Table>,
    /// More fields, for programs.
    pub fields: Map<String, Value>,
}

/// How much it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Something is well again.
    Good,
    /// Good to know.
    Note,
    /// Somebody should look soon.
    Warning,
    /// Somebody should look now.
    Grave,
}

/// A small table: names with what belongs to them.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// What it shows.
    pub title: &'static str,
    /// Its rows.
    pub rows: Vec<(String, String)>,
}

impl Alert {
    /// An alert without details.
    pub fn new(kind: AlertKind, event: &'static str, group: &'static str, level: Level) -> Self {
        let (title, message) = <(String, String)>::default();
        Alert { kind, event, group, level, title, message, facts: Vec::new(), tables: Vec::new(), fields: Map::new() }
    }

    /// The same with these words.
    pub fn saying(self, title: impl AsRef<str>, message: impl AsRef<str>) -> Self {
        let line = |text: &str, most| cut(&text.replace(char::is_control, " "), most);
        let (title, message) = (line(title.as_ref(), LONGEST_TITLE), line(message.as_ref(), LONGEST_MESSAGE));
        Alert { title, message, ..self }
    }

    /// The same with what is known of it; what is not is left out.
    pub fn knowing<const N: usize>(mut self, facts: [(&'static str, Option<String>); N]) -> Self {
        let known = facts.into_iter().filter_map(|(name, value)| Some((name, short(&value?))));
        self.facts.extend(known);
        self
    }

    /// For programs, in the incumbent's words.
    pub fn for_programs(&self) -> Value {
        let mut all = Map::new();
        for (name, value) in [("event", self.event), ("event_group", self.group), ("event_message", &self.message)] {
            all.insert(name.to_owned(), json!(value));
        }
        all.insert("alert_type".to_owned(), json!(self.kind.name()));
        all.insert("level".to_owned(), json!(self.level.name()));
        all.extend(self.fields.clone());
        Value::Object(all)
    }
}

impl Level {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Level::Good => "good",
            Level::Note => "note",
            Level::Warning => "warning",
            Level::Grave => "grave",
        }
    }

    /// Its colour: red, green and blue.
    pub fn colour(self) -> u32 {
        match self {
            Level::Good => 0x2f_9e44,
            Level::Note => 0x1c_7ed6,
            Level::Warning => 0xf0_8c00,
            Level::Grave => 0xe0_3131,
        }
    }
}

/// A text, cut where it gets long.
pub fn short(text: &str) -> String {
    cut(text, LONGEST)
}

/// A text, cut behind so many characters.
pub fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// The fields of an object.
pub fn fields(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}
