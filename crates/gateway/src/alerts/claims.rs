//! That something is told once, whichever replica sees it: whoever writes the claim of an alert into the database tells
//! it. Without a database, or while it is away, each replica remembers what it told: better twice than never.

use std::collections::HashMap;

use serde_json::{Value, json};
use store::{Author, Change, Expect, Kind, Problem, Registry, Write};

use crate::live::Live;

/// What the id of a claim begins with.
const CLAIM: &str = "alert:";
/// Most claims that are taken away at once.
const MOST: usize = 100;
/// Most that is remembered.
const MOST_TOLD: usize = 20_000;

/// What was told, as far as this replica knows.
#[derive(Default)]
pub struct Claims {
    /// Until when it holds, milliseconds since 1970.
    told: HashMap<String, i64>,
}

/// A claim in the database.
#[derive(Clone, Copy)]
struct Held {
    version: i64,
    /// Until when it holds, milliseconds since 1970.
    until: i64,
    /// Whether what it tells of is over.
    over: bool,
}

impl Claims {
    /// Whether it is on us to tell something that holds until then.
    pub async fn take(&mut self, live: &Live, name: &str, until: i64, now: i64) -> bool {
        if self.told.get(name).is_some_and(|until| *until > now) {
            return false;
        }
        if self.told.len() >= MOST_TOLD {
            self.told.retain(|_, until| *until > now);
        }
        let Some(registry) = registry(live) else {
            self.told.insert(name.to_owned(), until);
            return true;
        };
        let held = held(registry, name);
        if let Some(held) = held.filter(|held| held.until > now) {
            self.told.insert(name.to_owned(), held.until);
            return false;
        }
        self.told.insert(name.to_owned(), until);
        let expect = held.map_or(Expect::Nothing, |held| Expect::Version(held.version));
        write(registry, name, expect, until, false).await
    }

    /// Whether nobody has told it, as far as is known here.
    pub fn may_take(&self, live: &Live, name: &str, now: i64) -> bool {
        let is_told = self.told.get(name).is_some_and(|until| *until > now);
        !is_told && registry(live).and_then(|registry| held(registry, name)).is_none_or(|held| held.until <= now)
    }

    /// There is nothing to tell until then.
    pub fn pass_over(&mut self, name: &str, until: i64) {
        self.told.insert(name.to_owned(), until);
    }

    /// Whether it is on us to tell that something is over that was told. It is not told of again before `until`.
    pub async fn end(&mut self, live: &Live, name: &str, until: i64, now: i64) -> bool {
        let told = self.told.insert(name.to_owned(), until).is_some();
        let Some(registry) = registry(live) else { return told };
        match held(registry, name) {
            Some(held) if held.until > now && !held.over => {
                write(registry, name, Expect::Version(held.version), until, true).await
            }
            _ => false,
        }
    }
}

/// What was told and is not over, of all whose names begin so.
pub fn open(live: &Live, prefix: &str, now: i64) -> Vec<String> {
    let Some(registry) = registry(live) else { return Vec::new() };
    let (directory, begin) = (registry.read(), id(prefix));
    let claims = directory.others.iter().filter(|((kind, id), _)| *kind == Kind::Claim && id.starts_with(&begin));
    let open = claims.filter(|(_, held)| read(held).is_some_and(|held| held.until > now && !held.over));
    open.map(|((_, id), _)| id[begin.len()..].to_owned()).collect()
}

/// The database, if it is there to be asked.
fn registry(live: &Live) -> Option<&Registry> {
    live.books.as_ref().map(|books| &*books.registry).filter(|registry| registry.is_current())
}

fn held(registry: &Registry, name: &str) -> Option<Held> {
    let directory = registry.read();
    let record = directory.others.get(&(Kind::Claim, id(name)))?;
    // What cannot be read holds no more.
    Some(read(record).unwrap_or(Held { version: record.version, until: 0, over: true }))
}

fn read(record: &store::Held<String>) -> Option<Held> {
    let body: Value = serde_json::from_str(&record.record).ok()?;
    Some(Held { version: record.version, until: body["until"].as_i64()?, over: body["over"] == true })
}

/// Writes a claim; `false` if another replica was faster.
async fn write(registry: &Registry, name: &str, expect: Expect, until: i64, over: bool) -> bool {
    let body = Some(json!({ "until": until, "over": over }).to_string());
    let write = Write { kind: Kind::Claim, id: id(name), expect, body };
    let change = Change { writes: vec![write], adjustments: Vec::new(), author: Author::default() };
    !matches!(registry.write(change).await, Err(Problem::Conflict(_)))
}

/// Takes claims away that hold no more.
pub async fn forget(live: &Live, now: i64) {
    let Some(registry) = registry(live) else { return };
    let old: Vec<Write> = {
        let directory = registry.read();
        let claims = directory.others.iter().filter(|((kind, id), _)| *kind == Kind::Claim && id.starts_with(CLAIM));
        let ended = claims.filter(|(_, held)| read(held).is_none_or(|held| held.until <= now));
        let write = |((kind, id), held): (&(Kind, String), &store::Held<String>)| Write {
            kind: *kind,
            id: id.clone(),
            expect: Expect::Version(held.version),
            body: None,
        };
        ended.take(MOST).map(write).collect()
    };
    if !old.is_empty() {
        let change = Change { writes: old, adjustments: Vec::new(), author: Author::default() };
        // Another replica may have been faster, and there is a next time.
        let _ = registry.write(change).await;
    }
}

fn id(name: &str) -> String {
    format!("{CLAIM}{name}")
}
