//! Pages of lists: which part of a list is shown, in which order.

use std::cmp::Ordering;

use serde_json::Value;
use store::records::Fields;

use super::form::{Field, Form, Takes, optional};
use super::refusal::{Refusal, Result};

/// How a list is cut and sorted.
pub const PAGE: &[Field] = &[
    optional("page", Takes::Positive),
    optional("size", Takes::Positive),
    optional("page_size", Takes::Positive),
    optional("sort_by", Takes::Text),
    optional("sort_order", Takes::OneOf(&["asc", "desc"])),
];

/// Largest page.
const LARGEST: u64 = 1000;

/// A part of a list.
pub struct Page {
    /// Its rows.
    pub rows: Vec<Fields>,
    /// Rows of all pages together.
    pub total: usize,
    /// Which page it is, from 1 on.
    pub number: u64,
    /// Rows of a page.
    pub size: u64,
}

impl Page {
    /// The page of `rows` that a query asks for. Pages have `usual` rows unless it says otherwise; rows are sorted by
    /// `first` unless it names another field, the largest first. Rows behind the page are let go as they come.
    pub fn of(rows: impl IntoIterator<Item = Fields>, form: &Form, usual: u64, first: &str) -> Result<Self> {
        let size = form.count("size").or(form.count("page_size")).unwrap_or(usual);
        if size > LARGEST {
            return Err(Refusal::bad_param("size", format!("a page has at most {LARGEST} rows")));
        }
        let by = form.text("sort_by").unwrap_or(first);
        let ascending = form.text("sort_order") == Some("asc");
        let order = |one: &Fields, other: &Fields| {
            let order = compare(one.get(by), other.get(by));
            if ascending { order } else { order.reverse() }
        };
        let number = form.count("page").unwrap_or(1);
        let skipped = usize::try_from((number - 1).saturating_mul(size)).unwrap_or(usize::MAX);
        let needed = skipped.saturating_add(size as usize);
        let (mut kept, mut total) = (Vec::new(), 0);
        for row in rows {
            if !row.contains_key(by) {
                return Err(Refusal::bad_param("sort_by", format!("there is nothing called {by} to sort by")));
            }
            total += 1;
            kept.push(row);
            if kept.len() >= needed.saturating_mul(2).max(LARGEST as usize) {
                kept.sort_by(order);
                kept.truncate(needed);
            }
        }
        kept.sort_by(order);
        let rows = kept.into_iter().skip(skipped).take(size as usize).collect();
        Ok(Page { rows, total, number, size })
    }

    /// How many pages there are.
    pub fn pages(&self) -> u64 {
        (self.total as u64).div_ceil(self.size)
    }
}

/// Numbers by size, texts by alphabet, nothing before anything.
fn compare(one: Option<&Value>, other: Option<&Value>) -> Ordering {
    let number = |value: Option<&Value>| value.and_then(Value::as_f64);
    match (number(one), number(other)) {
        (Some(one), Some(other)) => one.total_cmp(&other),
        _ => {
            let text = |value: Option<&Value>| {
                value.filter(|value| !value.is_null()).map(|value| match value {
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                })
            };
            text(one).cmp(&text(other))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn names(query: &str) -> (Vec<String>, u64) {
        let row = |(name, spend): (&str, Value)| {
            Fields::from_iter([("name".to_owned(), json!(name)), ("spend".to_owned(), spend)])
        };
        let rows = [("b", json!(10.0)), ("c", json!(9.5)), ("a", Value::Null)].map(row).to_vec();
        let page = Page::of(rows, &Form::query(query, &[PAGE]).unwrap(), 2, "name").unwrap();
        let pages = page.pages();
        (page.rows.iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect(), pages)
    }

    #[test]
    fn lists_are_sorted_and_cut() {
        assert_eq!(names(""), (vec!["c".to_owned(), "b".to_owned()], 2));
        assert_eq!(names("page=2"), (vec!["a".to_owned()], 2));
        assert_eq!(names("page=99999999999").0.len(), 0);
        assert_eq!(names("sort_order=asc&size=3").0, ["a", "b", "c"]);
        assert_eq!(names("sort_by=spend&size=3").0, ["b", "c", "a"]);
    }

    #[test]
    fn what_is_behind_the_page_changes_nothing() {
        let rows = |count: u64| (0..count).map(|n| Fields::from_iter([("n".to_owned(), json!(n * 7919 % 5000))]));
        for query in ["size=3&page=2", "size=3&page=2&sort_order=asc", "size=1000&page=5"] {
            let form = Form::query(query, &[PAGE]).unwrap();
            let page = Page::of(rows(5000), &form, 10, "n").unwrap();
            let mut all: Vec<u64> = (0..5000).collect();
            if !query.contains("asc") {
                all.reverse();
            }
            let shown: Vec<u64> = page.rows.iter().map(|row| row["n"].as_u64().unwrap()).collect();
            let skipped = ((page.number - 1) * page.size) as usize;
            assert_eq!(shown, all[skipped..][..page.size as usize], "{query}");
            assert_eq!(page.total, 5000);
        }
    }

    #[test]
    fn nobody_gets_everything_at_once_or_sorted_by_what_is_not_there() {
        let rows = vec![Fields::from_iter([("name".to_owned(), json!("a"))])];
        for query in ["size=100000", "sort_by=password"] {
            assert!(Page::of(rows.clone(), &Form::query(query, &[PAGE]).unwrap(), 2, "name").is_err(), "{query}");
        }
    }
}
