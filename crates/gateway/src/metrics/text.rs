//! The text format of Prometheus (version 0.0.4).

use std::collections::BTreeMap;
use std::fmt::Write;

/// What the answer is.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";
/// Longest value of a label, bytes.
const LONGEST: usize = 256;

/// A page of numbers, metric by metric.
#[derive(Default)]
pub struct Page(String);

/// Labels in braces, without them: `a="x",b="y"`.
#[derive(Default)]
pub struct Braces(String);

impl Braces {
    /// One more label. What is empty is `None`, as the incumbent writes it.
    pub fn and(mut self, name: &str, value: &str) -> Self {
        let comma = if self.0.is_empty() { "" } else { "," };
        let value = if value.is_empty() { "None" } else { &value[..value.floor_char_boundary(LONGEST)] };
        let _ = write!(self.0, "{comma}{name}=\"");
        for c in value.chars() {
            match c {
                '\\' => self.0.push_str("\\\\"),
                '"' => self.0.push_str("\\\""),
                '\n' => self.0.push_str("\\n"),
                c => self.0.push(c),
            }
        }
        self.0.push('"');
        self
    }

    /// The text.
    pub fn into_text(self) -> String {
        self.0
    }
}

impl Page {
    /// What a metric is, before its samples.
    pub fn head(&mut self, name: &str, help: &str, kind: &str) {
        // A counter's samples end in _total, and its head says so too.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    /// A sample.
    pub fn sample(&mut self, name: &str, braces: &str, value: f64) {
        let _ = match braces {
            "" => writeln!(self.0, "{name} {value}"),
            braces => writeln!(self.0, "{name}{{{braces}}} {value}"),
        };
    }

    /// A metric with one sample.
    pub fn one(&mut self, name: &str, help: &str, kind: &str, value: f64) {
        self.head(name, help, kind);
        self.sample(name, "", value);
    }

    /// A metric with samples by their labels; nothing if there are none.
    pub fn many(&mut self, name: &str, help: &str, kind: &str, samples: &BTreeMap<String, f64>) {
        if samples.is_empty() {
            return;
        }
        self.head(name, help, kind);
        samples.iter().for_each(|(braces, value)| self.sample(name, braces, *value));
    }

    /// All of it.
    pub fn finish(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_written_so_that_they_can_be_read_whatever_is_in_them() {
        let braces = Braces::default().and("a", "x\"y\\z\n").and("b", "").and("c", &"é".repeat(200));
        assert_eq!(braces.into_text(), format!("a=\"x\\\"y\\\\z\\n\",b=\"None\",c=\"{}\"", "é".repeat(128)));
        let mut page = Page::default();
        page.one("lockgate_x", "what", "gauge", 0.5);
        page.many("lockgate_y", "what", "gauge", &BTreeMap::new());
        assert_eq!(page.finish(), "# HELP lockgate_x what\n# TYPE lockgate_x gauge\nlockgate_x 0.5\n");
    }
}
