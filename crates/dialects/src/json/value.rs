//! Looking at a value of a parsed text.

use std::borrow::Cow;

use types::{Extras, Raw};

use super::{Doc, Node, unescape};

/// The kinds of JSON values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `null`
    Null,
    /// `true` or `false`
    Bool,
    /// A number.
    Number,
    /// A string.
    String,
    /// An array.
    Array,
    /// An object.
    Object,
}

impl Kind {
    /// The kind in words, for messages: "a string", "an object".
    pub fn describe(self) -> &'static str {
        match self {
            Kind::Null => "null",
            Kind::Bool => "a boolean",
            Kind::Number => "a number",
            Kind::String => "a string",
            Kind::Array => "an array",
            Kind::Object => "an object",
        }
    }
}

/// A value of a [`Doc`].
#[derive(Clone, Copy)]
pub struct Json<'d> {
    doc: &'d Doc<'d>,
    index: u32,
}

impl<'d> Json<'d> {
    pub(super) fn new(doc: &'d Doc<'d>, index: u32) -> Self {
        Json { doc, index }
    }

    fn node(&self) -> Node {
        self.doc.nodes[self.index as usize]
    }

    /// What kind of value it is.
    pub fn kind(&self) -> Kind {
        self.node().kind
    }

    /// Whether it is `null`.
    pub fn is_null(&self) -> bool {
        self.kind() == Kind::Null
    }

    /// The value as it was written.
    pub fn raw(&self) -> &'d str {
        let (start, end) = self.span();
        self.text(start, end)
    }

    fn text(&self, start: usize, end: usize) -> &'d str {
        std::str::from_utf8(&self.doc.text[start..end]).unwrap_or_default()
    }

    /// Byte range of the value in the text.
    pub fn span(&self) -> (usize, usize) {
        let node = self.node();
        (node.start as usize, node.end as usize)
    }

    /// The value as it was written, to keep.
    pub fn to_raw(&self) -> Raw {
        Raw::new(self.raw())
    }

    /// A string's text.
    pub fn as_str(&self) -> Option<Cow<'d, str>> {
        let node = self.node();
        (node.kind == Kind::String).then(|| {
            let inner = self.text(node.start as usize + 1, node.end as usize - 1);
            if node.escaped { unescape(inner) } else { Cow::Borrowed(inner) }
        })
    }

    /// A string's text, owned.
    pub fn as_string(&self) -> Option<String> {
        self.as_str().map(Cow::into_owned)
    }

    /// A boolean.
    pub fn as_bool(&self) -> Option<bool> {
        (self.kind() == Kind::Bool).then(|| self.raw() == "true")
    }

    /// A number.
    pub fn as_f64(&self) -> Option<f64> {
        (self.kind() == Kind::Number).then(|| self.raw().parse().ok())?
    }

    /// A whole number from 0; also one written as `3.0`.
    pub fn as_u64(&self) -> Option<u64> {
        self.whole().and_then(|number| u64::try_from(number).ok())
    }

    /// A whole number; also one written as `3.0`.
    pub fn as_i64(&self) -> Option<i64> {
        self.whole().and_then(|number| i64::try_from(number).ok())
    }

    fn whole(&self) -> Option<i128> {
        if self.kind() != Kind::Number {
            return None;
        }
        self.raw().parse().ok().or_else(|| {
            let number: f64 = self.raw().parse().ok()?;
            (number.fract() == 0.0 && number.abs() < 1e15).then_some(number as i128)
        })
    }

    /// The field `name` of an object; the last one if it is there several times.
    pub fn get(&self, name: &str) -> Option<Json<'d>> {
        let node = self.node();
        let (mut at, end) = (self.index + 1, if node.kind == Kind::Object { node.next } else { 0 });
        let mut found = None;
        while at < end {
            let key = Json { doc: self.doc, index: at };
            let value = Json { doc: self.doc, index: key.node().next };
            if key.is(name) {
                found = Some(value);
            }
            at = value.node().next;
        }
        found
    }

    /// The field `name`, unless it is missing or `null`.
    pub fn get_some(&self, name: &str) -> Option<Json<'d>> {
        self.get(name).filter(|value| !value.is_null())
    }

    /// An object's fields in the order they were written; nothing for other kinds.
    pub fn fields(&self) -> Fields<'d> {
        Fields(self.children(Kind::Object))
    }

    /// An object's fields beside the `known` ones, to keep; those that are `null` say nothing.
    pub fn beside(&self, known: &[&str]) -> Extras {
        let others = self.fields().filter(|(key, value)| !value.is_null() && !known.iter().any(|name| key.is(name)));
        others.map(|(key, value)| (key.as_string().unwrap_or_default(), value.to_raw())).collect()
    }

    /// An array's items; nothing for other kinds.
    pub fn items(&self) -> Items<'d> {
        self.children(Kind::Array)
    }

    /// An array's items, or the value itself if it is no array: many formats take "one or many".
    pub fn one_or_many(&self) -> Items<'d> {
        match self.kind() {
            Kind::Array => self.items(),
            _ => Items { doc: self.doc, at: self.index, end: self.node().next },
        }
    }

    /// Looks into a value whose inside was not noted ([`Doc::parse_head`], [`super::Object`]).
    pub fn inside<T>(&self, look: impl FnOnce(Json) -> T) -> Option<T> {
        Doc::parse(self.raw().as_bytes()).ok().map(|doc| look(doc.root()))
    }

    /// Whether it is the string `text`.
    pub fn is(&self, text: &str) -> bool {
        let node = self.node();
        if node.escaped {
            return self.as_str().is_some_and(|own| own == text);
        }
        // Lengths tell most names apart.
        let (start, end) = (node.start as usize, node.end as usize);
        node.kind == Kind::String
            && end - start == text.len() + 2
            && self.doc.text[start + 1..end - 1] == *text.as_bytes()
    }

    fn children(&self, kind: Kind) -> Items<'d> {
        let node = self.node();
        let end = if node.kind == kind { node.next } else { self.index + 1 };
        Items { doc: self.doc, at: self.index + 1, end }
    }
}

/// Items of an array.
#[derive(Clone)]
pub struct Items<'d> {
    doc: &'d Doc<'d>,
    at: u32,
    end: u32,
}

impl<'d> Iterator for Items<'d> {
    type Item = Json<'d>;

    fn next(&mut self) -> Option<Json<'d>> {
        (self.at < self.end).then(|| {
            let item = Json { doc: self.doc, index: self.at };
            self.at = item.node().next;
            item
        })
    }
}

/// Fields of an object: name and value.
#[derive(Clone)]
pub struct Fields<'d>(Items<'d>);

impl<'d> Iterator for Fields<'d> {
    type Item = (Json<'d>, Json<'d>);

    fn next(&mut self) -> Option<(Json<'d>, Json<'d>)> {
        Some((self.0.next()?, self.0.next()?))
    }
}
