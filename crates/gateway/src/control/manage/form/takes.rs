//! What a field takes, and what is wrong with what came instead.

use policy::Span;
use serde_json::{Value, json};
use store::records::Fields;

use super::super::moment;
use super::super::refusal::{Refusal, Result};
use super::Field;

/// Longest id or name, in bytes: an index of a database must take it.
const LONGEST_NAME: usize = 255;
/// Longest text.
const LONGEST_TEXT: usize = 64 << 10;
/// Most money: a billion dollars, well within what an amount can hold.
const MOST_DOLLARS: f64 = 1e9;
/// Largest whole number: what a database can hold.
const MOST_COUNT: u64 = i64::MAX as u64;
/// Most entries of a list.
const MOST_ITEMS: usize = 10_000;
/// Most mistakes that are told at once.
const MOST_DETAILS: usize = 100;
/// Duration of what never ends.
pub const FOR_EVER: &str = "-1";

/// What a field takes.
#[derive(Clone, Copy)]
pub enum Takes {
    /// A text.
    Text,
    /// A text that names something.
    Name,
    /// The id of something that others are named with: `team/user`, `model:team:id|model`.
    Id,
    /// One of these texts.
    OneOf(&'static [&'static str]),
    /// True or false.
    Flag,
    /// A whole number from 0 on.
    Count,
    /// A whole number from 1 on.
    Positive,
    /// An amount of money from 0 on.
    Dollars,
    /// A length of time: `30s`, `15m`, `24h`, `7d`, `1w`, `1mo`.
    Span,
    /// The same, or `-1` for ever.
    Lifetime,
    /// A moment.
    Moment,
    /// A list of such values.
    ListOf(&'static Takes),
    /// A mapping of names to such values.
    MapOf(&'static Takes),
    /// An object with these fields.
    Object(&'static [Field]),
    /// A mapping of anything.
    Map,
    /// Anything at all.
    Any,
    /// A file of a form: of calls of models alone.
    File,
}

impl Takes {
    /// A list of texts.
    pub const TEXTS: Takes = Takes::ListOf(&Takes::Text);
    /// A list of names.
    pub const NAMES: Takes = Takes::ListOf(&Takes::Name);

    /// Whether it is a list.
    pub fn is_list(&self) -> bool {
        matches!(self, Takes::ListOf(_))
    }
}

/// Reads values and remembers what is wrong with them.
pub struct Reader {
    /// Where in the body it is.
    at: Vec<Value>,
    /// Values of wrong types.
    details: Vec<Value>,
    /// The first value that has the right type and still makes no sense.
    senseless: Option<Refusal>,
}

impl Reader {
    /// A reader of a `body` or a `query`.
    pub fn new(from: &str) -> Self {
        Reader { at: vec![from.into()], details: Vec::new(), senseless: None }
    }

    /// Whether everything was right.
    pub fn finish(self) -> Result<()> {
        match (self.details.is_empty(), self.senseless) {
            (false, _) => Err(Refusal::invalid(self.details)),
            (true, Some(refusal)) => Err(refusal),
            (true, None) => Ok(()),
        }
    }

    /// The fields of an object that are in the tables.
    pub fn object(&mut self, value: Value, tables: &[&'static [Field]]) -> Fields {
        let Value::Object(mut given) = value else {
            let message = "Input should be a valid dictionary or object to extract fields from";
            self.wrong("model_attributes_type", message, value);
            return Fields::new();
        };
        let whole = |given: &Fields| Value::Object(given.clone());
        let mut fields = Fields::new();
        for field in tables.iter().flat_map(|table| table.iter()) {
            self.at.push(field.name.into());
            match given.get(field.name) {
                None if field.needed => self.wrong("missing", "Field required", whole(&given)),
                None => {}
                Some(Value::Null) if !field.needed => drop(fields.insert(field.name.to_owned(), Value::Null)),
                Some(_) => {
                    let value = given.remove(field.name).unwrap_or_default();
                    let read = self.read(value, field.takes);
                    fields.insert(field.name.to_owned(), read);
                }
            }
            self.at.pop();
        }
        fields
    }

    fn read(&mut self, value: Value, takes: Takes) -> Value {
        match takes {
            Takes::Text => self.text(value, LONGEST_TEXT),
            Takes::Name => self.name(value, &[]),
            Takes::Id => self.name(value, &['/', '|']),
            Takes::OneOf(words) => self.word(value, words),
            Takes::Flag => self.flag(value),
            Takes::Count => self.count(value, 0),
            Takes::Positive => self.count(value, 1),
            Takes::Dollars => self.dollars(value),
            Takes::Span => self.span(value, false),
            Takes::Lifetime => self.span(value, true),
            Takes::Moment => self.moment(value),
            Takes::ListOf(each) => self.list(value, each),
            Takes::MapOf(each) => self.map(value, Some(each)),
            Takes::Map => self.map(value, None),
            Takes::Object(fields) => Value::Object(self.object(value, &[fields])),
            Takes::Any | Takes::File => self.clean(value),
        }
    }

    fn text(&mut self, value: Value, longest: usize) -> Value {
        match &value {
            Value::String(text) if text.len() > longest => {
                self.no_sense(format!("must be at most {longest} bytes long"));
            }
            Value::String(text) if text.contains('\0') => self.no_sense("must hold no NUL character".to_owned()),
            Value::String(_) => {}
            _ => self.wrong("string_type", "Input should be a valid string", value.clone()),
        }
        value
    }

    fn name(&mut self, value: Value, reserved: &[char]) -> Value {
        let value = self.text(value, LONGEST_NAME);
        if let Value::String(text) = &value {
            if text.trim().is_empty() {
                self.no_sense("must not be empty".to_owned());
            } else if text.chars().any(char::is_control) {
                self.no_sense("must hold no control characters".to_owned());
            } else if text.chars().any(is_invisible) {
                self.no_sense("must hold no characters that cannot be seen".to_owned());
            } else if let Some(found) = text.chars().find(|c| reserved.contains(c)) {
                self.no_sense(format!("must not hold the character {found}"));
            }
        }
        value
    }

    fn word(&mut self, value: Value, words: &[&str]) -> Value {
        if !value.as_str().is_some_and(|text| words.contains(&text)) {
            let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
            let expected = match quoted.split_last() {
                Some((last, [])) => last.clone(),
                Some((last, others)) => format!("{} or {last}", others.join(", ")),
                None => String::new(),
            };
            self.wrong("enum", &format!("Input should be {expected}"), value.clone());
            if let Some(detail) = self.details.last_mut() {
                detail["ctx"] = json!({ "expected": expected });
            }
        }
        value
    }

    fn flag(&mut self, value: Value) -> Value {
        let read = match &value {
            Value::Bool(flag) => Some(*flag),
            Value::String(text) => match text.to_ascii_lowercase().as_str() {
                "true" | "t" | "yes" | "y" | "on" | "1" => Some(true),
                "false" | "f" | "no" | "n" | "off" | "0" => Some(false),
                _ => None,
            },
            Value::Number(number) => match number.as_f64() {
                Some(1.0) => Some(true),
                Some(0.0) => Some(false),
                _ => None,
            },
            _ => {
                self.wrong("bool_type", "Input should be a valid boolean", value.clone());
                return value;
            }
        };
        match read {
            Some(flag) => Value::Bool(flag),
            None => {
                self.wrong("bool_parsing", "Input should be a valid boolean, unable to interpret input", value.clone());
                value
            }
        }
    }

    fn count(&mut self, value: Value, least: u64) -> Value {
        let message = "Input should be a valid integer";
        let whole = match &value {
            Value::Number(number) => match (number.as_i128(), number.as_f64()) {
                (Some(whole), _) => Ok(whole),
                (None, Some(float)) if float.fract() == 0.0 => Ok(float as i128),
                _ => Err(("int_from_float", format!("{message}, got a number with a fractional part"))),
            },
            Value::String(text) => text
                .trim()
                .parse::<i128>()
                .map_err(|_| ("int_parsing", format!("{message}, unable to parse string as an integer"))),
            _ => Err(("int_type", message.to_owned())),
        };
        match whole {
            Err((kind, message)) => {
                self.wrong(kind, &message, value.clone());
                value
            }
            Ok(whole) => {
                match u64::try_from(whole) {
                    Ok(count) if count < least => self.no_sense(format!("must be at least {least}. Received: {whole}")),
                    Ok(count) if count <= MOST_COUNT => return count.into(),
                    Err(_) if whole < 0 => self.no_sense(format!("cannot be negative. Received: {whole}")),
                    _ => self.no_sense(format!("must be at most {MOST_COUNT}")),
                }
                Value::Null
            }
        }
    }

    fn dollars(&mut self, value: Value) -> Value {
        let message = "Input should be a valid number";
        let number = match &value {
            Value::Number(number) => number.as_f64().ok_or(("float_type", message.to_owned())),
            Value::String(text) => text
                .trim()
                .parse::<f64>()
                .map_err(|_| ("float_parsing", format!("{message}, unable to parse string as a number"))),
            _ => Err(("float_type", message.to_owned())),
        };
        let number = number.and_then(|number| match number.is_finite() {
            true => Ok(number),
            false => Err(("finite_number", "Input should be a finite number".to_owned())),
        });
        match number {
            Err((kind, message)) => {
                self.wrong(kind, &message, value.clone());
                value
            }
            Ok(number) if number < 0.0 => {
                self.no_sense(format!("cannot be negative. Received: {number}"));
                Value::Null
            }
            Ok(number) if number > MOST_DOLLARS => {
                self.no_sense(format!("must be at most {MOST_DOLLARS}"));
                Value::Null
            }
            Ok(number) => number.into(),
        }
    }

    fn span(&mut self, value: Value, or_for_ever: bool) -> Value {
        if or_for_ever && (value == json!(-1) || value == json!(FOR_EVER)) {
            return FOR_EVER.into();
        }
        let value = self.text(value, LONGEST_NAME);
        if let Value::String(text) = &value
            && Span::parse(text).is_none()
        {
            let shown: String = text.chars().take(40).collect();
            self.no_sense(format!(
                "must be a number with s, m, h, d, w or mo behind it, such as 30d. Received: {shown}"
            ));
        }
        value
    }

    fn moment(&mut self, value: Value) -> Value {
        let read = match &value {
            Value::String(text) => moment::read(text),
            // Seconds since 1970, or milliseconds where seconds would be beyond any calendar.
            Value::Number(number) => number.as_f64().map(|number| match number.abs() < 2e10 {
                true => (number * 1000.0) as i64,
                false => number as i64,
            }),
            _ => None,
        };
        match read {
            Some(ms) => ms.into(),
            None => {
                self.wrong("datetime_parsing", "Input should be a valid datetime", value.clone());
                value
            }
        }
    }

    fn list(&mut self, value: Value, each: &Takes) -> Value {
        let Value::Array(items) = value else {
            self.wrong("list_type", "Input should be a valid list", value.clone());
            return value;
        };
        if items.len() > MOST_ITEMS {
            self.no_sense(format!("must have at most {MOST_ITEMS} entries"));
            return Value::Array(Vec::new());
        }
        let read = |(index, item): (usize, Value)| {
            self.at.push(index.into());
            let item = self.read(item, *each);
            self.at.pop();
            item
        };
        Value::Array(items.into_iter().enumerate().map(read).collect())
    }

    fn map(&mut self, value: Value, each: Option<&Takes>) -> Value {
        let Value::Object(entries) = value else {
            self.wrong("dict_type", "Input should be a valid dictionary", value.clone());
            return value;
        };
        let read = |(name, item): (String, Value)| {
            if name.contains('\0') || name.len() > LONGEST_TEXT {
                self.no_sense("must hold no names with a NUL character, and no very long ones".to_owned());
            }
            self.at.push(name.as_str().into());
            let item = match each {
                Some(each) => self.read(item, *each),
                None => self.clean(item),
            };
            self.at.pop();
            (name, item)
        };
        Value::Object(entries.into_iter().map(read).collect())
    }

    /// Any value, unless it holds what no database stores.
    fn clean(&mut self, value: Value) -> Value {
        match value {
            Value::String(_) => self.text(value, usize::MAX),
            Value::Array(_) => self.list(value, &Takes::Any),
            Value::Object(_) => self.map(value, None),
            plain => plain,
        }
    }

    fn wrong(&mut self, kind: &str, message: &str, input: Value) {
        if self.details.len() < MOST_DETAILS {
            self.details.push(json!({ "type": kind, "loc": self.at, "msg": message, "input": input }));
        }
    }

    /// The value has the right type, but makes no sense.
    fn no_sense(&mut self, why: String) {
        let name = self.at.iter().skip(1).filter_map(Value::as_str).collect::<Vec<_>>().join(".");
        self.senseless.get_or_insert_with(|| Refusal::bad_param(&name, format!("{name} {why}")));
    }
}

/// Whether a character shows nothing, or turns the text around it: a name with one looks like another one.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}
