//! What is wrong or risky in a configuration: collected while it is read, shown sorted by place.
//!
//! A finding never holds a secret: values are quoted by [`super::section::shown`], which knows what may be shown, and
//! what looks like a key all the same is masked here.

use std::fmt;

/// Most findings of each severity that are kept: a hostile file cannot make more work than this.
const MOST: usize = 500;
/// Longest path or message that is shown, in characters.
const LONGEST: usize = 400;

/// Length up to which a word that begins like a key is taken for an example.
const SHORTEST_KEY: usize = 10;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// No setup comes of it.
    Error,
    /// It works, but maybe not as intended.
    Warning,
    /// It works as intended, but it is good to know. Told by `lockgate check` alone.
    Note,
}

/// One thing that is wrong or risky.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The file, as it was named.
    pub file: String,
    /// Line, from 1; 0 if the finding is about no line of the file.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
    /// Where in the tree of values: `model_list[2].litellm_params.rpm`; may be empty.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it; may be empty.
    pub remedy: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}:{}", self.line, self.column)?;
        }
        f.write_str(match self.severity {
            Severity::Error => ": error: ",
            Severity::Warning => ": warning: ",
            Severity::Note => ": note: ",
        })?;
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)?;
        if !self.remedy.is_empty() {
            write!(f, "; {}", self.remedy)?;
        }
        Ok(())
    }
}

/// Everything that was found, sorted by place. Displayed as one line per finding; notes only in the long form, `{:#}`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The findings.
    pub findings: Vec<Finding>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |finding: &&Finding| finding.severity != Severity::Note || f.alternate();
        let shown: Vec<&Finding> = self.findings.iter().filter(shown).collect();
        shown.into_iter().try_for_each(|finding| writeln!(f, "{finding}"))
    }
}

/// A place in a file of the configuration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Index of the file, in the order the files were opened.
    pub file: usize,
    /// Line, from 1; 0 for the file as a whole.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
}

/// Findings in the making.
#[derive(Default)]
pub struct Notes {
    files: Vec<String>,
    found: Vec<(Place, Finding)>,
    errors: usize,
    dropped: usize,
}

impl Notes {
    /// Findings about files that were opened before.
    pub fn about(files: Vec<String>) -> Self {
        Notes { files, ..Notes::default() }
    }

    /// The names of all files.
    pub fn files(&self) -> &[String] {
        &self.files
    }

    /// Begins a file; the index is its name in places.
    pub fn open(&mut self, file: &str) -> usize {
        self.files.push(file.to_owned());
        self.files.len() - 1
    }

    /// Whether there is an error.
    pub fn failed(&self) -> bool {
        self.errors > 0
    }

    /// Something that no setup can come of.
    pub fn error(&mut self, place: Place, path: &str, message: impl Into<String>, remedy: impl Into<String>) {
        self.errors += 1;
        self.note(Severity::Error, place, path, message.into(), remedy.into());
    }

    /// Something that may not be as intended.
    pub fn warn(&mut self, place: Place, path: &str, message: impl Into<String>, remedy: impl Into<String>) {
        self.note(Severity::Warning, place, path, message.into(), remedy.into());
    }

    /// Something that is good to know.
    pub fn mention(&mut self, place: Place, path: &str, message: impl Into<String>, remedy: impl Into<String>) {
        self.note(Severity::Note, place, path, message.into(), remedy.into());
    }

    fn note(&mut self, severity: Severity, place: Place, path: &str, message: String, remedy: String) {
        if self.found.iter().filter(|(_, finding)| finding.severity == severity).count() >= MOST {
            self.dropped += 1;
            return;
        }
        let file = self.files.get(place.file).cloned().unwrap_or_default();
        let (path, message, remedy) = (printable(path), printable(&message), printable(&remedy));
        let (line, column) = (place.line, place.column);
        self.found.push((place, Finding { severity, file, line, column, path, message, remedy }));
    }

    /// The report. Warnings and notes that differ only in the entry of a list are told once, with their number.
    pub fn finish(mut self) -> Report {
        self.found.sort_by_key(|(place, _)| *place);
        let mut findings: Vec<Finding> = Vec::new();
        let mut like: Vec<(String, usize, usize)> = Vec::new();
        for (_, finding) in self.found {
            let kind = format!("{} {} {}", without_indexes(&finding.path), finding.message, finding.remedy);
            let known = like.iter_mut().find(|(known, ..)| finding.severity != Severity::Error && *known == kind);
            match known {
                Some((_, _, more)) => *more += 1,
                None => {
                    like.push((kind, findings.len(), 0));
                    findings.push(finding);
                }
            }
        }
        for (_, at, more) in like.iter().filter(|(_, _, more)| *more > 0) {
            findings[*at].message += &format!(" (and {more} more like this)");
        }
        let last = findings.iter_mut().rfind(|finding| finding.severity != Severity::Note);
        if let (true, Some(last)) = (self.dropped > 0, last) {
            last.message += &format!(" (and {} further findings)", self.dropped);
        }
        Report { findings }
    }
}

/// `text` on one line, without control characters, not endlessly long, and without anything that looks like a key:
/// people paste keys into the wrong places, names included.
pub(super) fn printable(text: &str) -> String {
    let clean = |char: char| if char.is_control() { ' ' } else { char };
    let mut short: String = text.chars().take(LONGEST).map(clean).collect();
    if text.chars().nth(LONGEST).is_some() {
        short.push('…');
    }
    let is_word = |char: char| char.is_ascii_alphanumeric() || "-_".contains(char);
    let words = short.split_inclusive(|char| !is_word(char));
    let masked = words.map(|word| match word.trim_end_matches(|char| !is_word(char)) {
        key if key.starts_with("sk-") && key.len() > SHORTEST_KEY => word.replacen(key, "sk-***", 1),
        _ => word.to_owned(),
    });
    masked.collect()
}

/// `model_list[3].x` as `model_list[].x`.
fn without_indexes(path: &str) -> String {
    path.split('[').map(|part| part.split_once(']').map_or(part, |(_, rest)| rest)).collect::<Vec<_>>().join("[]")
}

#[cfg(test)]
mod tests;
