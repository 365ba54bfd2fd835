//! Fields of bodies that a guardrail of a passage looks at, as its configuration writes them: `query`,
//! `documents[*].text`.

use dialects::json::{Json, Kind};

/// Most steps of a path.
const MOST_STEPS: usize = 32;

/// A guardrail that the operator gave to a passage, and the fields that it looks at there; all texts, if none is named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldGuard {
    /// The guardrail's name.
    pub name: String,
    /// Fields of requests.
    pub request: Vec<FieldPath>,
    /// Fields of answers.
    pub response: Vec<FieldPath>,
}

/// The way to values of a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldPath(Vec<Step>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    /// A field of an object.
    Name(String),
    /// An item of a list.
    Item(usize),
    /// Whatever is in it.
    Each,
}

impl FieldPath {
    /// Reads a path of names behind dots, and of `[0]`, `[*]` and `['name']`; the error says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut rest = text.trim();
        rest = rest.strip_prefix('$').unwrap_or(rest);
        let mut steps = Vec::new();
        let mut is_first = true;
        while !rest.is_empty() {
            if steps.len() == MOST_STEPS {
                return Err(format!("has more than {MOST_STEPS} steps"));
            }
            let (step, behind) = match rest.strip_prefix('[') {
                Some(inside) => bracketed(inside)?,
                None => named(rest.strip_prefix('.').or(is_first.then_some(rest)).ok_or("lacks a dot")?)?,
            };
            steps.push(step);
            (rest, is_first) = (behind, false);
        }
        if steps.is_empty() { Err("is empty".to_owned()) } else { Ok(FieldPath(steps)) }
    }

    /// Shows `look` what is there.
    pub(super) fn find<'d>(&self, root: Json<'d>, look: &mut dyn FnMut(Json<'d>)) {
        find(&self.0, root, look);
    }
}

fn named(text: &str) -> Result<(Step, &str), String> {
    let (name, behind) = text.split_at(text.find(['.', '[']).unwrap_or(text.len()));
    match name {
        "" => Err("has a step without a name".to_owned()),
        "*" => Ok((Step::Each, behind)),
        name if name.contains([']', '?', '@', '(']) => Err(format!("has {name:?}, which is no name")),
        name => Ok((Step::Name(name.to_owned()), behind)),
    }
}

fn bracketed(text: &str) -> Result<(Step, &str), String> {
    for quote in ['\'', '"'] {
        if let Some(inside) = text.strip_prefix(quote) {
            let end = format!("{quote}]");
            let (name, behind) = inside.split_once(&end).ok_or("has a bracket that does not end")?;
            return Ok((Step::Name(name.to_owned()), behind));
        }
    }
    let (inside, behind) = text.split_once(']').ok_or("has a bracket that does not end")?;
    let step = match inside {
        "*" => Step::Each,
        number => Step::Item(number.parse().map_err(|_| format!("has [{number}]; write a number, or [*] for all"))?),
    };
    Ok((step, behind))
}

fn find<'d>(steps: &[Step], value: Json<'d>, look: &mut dyn FnMut(Json<'d>)) {
    let Some((step, rest)) = steps.split_first() else { return look(value) };
    match (step, value.kind()) {
        (Step::Name(name), Kind::Object) => {
            if let Some(field) = value.get_some(name) {
                find(rest, field, look);
            }
        }
        (Step::Item(at), Kind::Array) => {
            if let Some(item) = value.items().nth(*at) {
                find(rest, item, look);
            }
        }
        (Step::Each, Kind::Array) => value.items().for_each(|item| find(rest, item, look)),
        (Step::Each, Kind::Object) => value.fields().for_each(|(_, field)| find(rest, field, look)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use dialects::json::Doc;

    use super::*;

    #[test]
    fn paths_lead_to_values() {
        let body = br#"{"query":"q","documents":[{"text":"a","id":1},{"text":"b"},"c"],"odd.name":{"x":"y"}}"#;
        let check = |path: &str, expected: &[&str]| {
            let doc = Doc::parse(body).unwrap();
            let mut found = Vec::new();
            FieldPath::parse(path).unwrap().find(doc.root(), &mut |value| found.push(value.raw().to_owned()));
            assert_eq!(found, expected, "{path}");
        };
        check("query", &["\"q\""]);
        check("$.query", &["\"q\""]);
        check("documents[*].text", &["\"a\"", "\"b\""]);
        check("documents.*.text", &["\"a\"", "\"b\""]);
        check("documents[2]", &["\"c\""]);
        check("['odd.name'].x", &["\"y\""]);
        check("$['odd.name'][\"x\"]", &["\"y\""]);
        check("documents[7]", &[]);
        check("query.text", &[]);
        check("nothing", &[]);
    }

    #[test]
    fn what_is_no_path_is_told() {
        for wrong in ["", "$", "a..b", "a[", "a[x]", "a[?(@.b)]", "a[0]b", ".", "a[-1]", "x.$(y)"] {
            assert!(FieldPath::parse(wrong).is_err(), "{wrong}");
        }
        assert!(FieldPath::parse(&"a.".repeat(100)).is_err());
    }
}
