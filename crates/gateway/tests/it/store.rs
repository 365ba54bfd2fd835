//! The store from outside: one behaviour, on SQLite and on a real Postgres. Whatever is in the lists below runs on both.

// The functions in there are tests, though only the lists make them so.
#[cfg(test)]
mod booking;
#[cfg(test)]
mod contents;
mod coordination;
#[cfg(test)]
mod log;
#[cfg(test)]
mod objects;
mod outage;
mod process;
#[cfg(test)]
mod reports;

use engine::Dice;
use store::{Charge, Entry, Status, Store, StoreUrl};
use types::{Usage, Usd};

use crate::gateway::Folder;
use crate::servers::{Postgres, Server};

/// Runs each of these on both databases.
macro_rules! on_both {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(&crate::store::Place::sqlite()).await;
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(&crate::store::Place::postgres()).await;
            })*
        }
    };
}
use on_both;

/// A database that holds nothing yet, gone when dropped.
pub struct Place {
    url: StoreUrl,
    /// The server, if it has one.
    server: Option<Server>,
    _folder: Option<Folder>,
}

impl Place {
    /// A file.
    pub fn sqlite() -> Self {
        let folder = Folder::new();
        let url = StoreUrl::file(&folder.path().join("lockgate.db"));
        Place { url, server: None, _folder: Some(folder) }
    }

    /// A server.
    pub fn postgres() -> Self {
        let server = Postgres::start();
        let url = StoreUrl::parse(&server.url).expect("a server says where it is");
        Place { url, server: Some(server), _folder: None }
    }

    /// A replica's way into it, which may be the first.
    pub async fn store(&self) -> Store {
        let store = Store::new(&self.url);
        store.migrate().await.expect("the tables can be made");
        store
    }
}

/// What the ledger's row tells of an entry: all but what it counts for, which is in the sums.
pub fn told(entry: &Entry) -> Entry {
    Entry { charges: Vec::new(), ..entry.clone() }
}

/// An attempt that cost something, by somebody out of a few.
pub fn attempt(id: &str, dice: &mut Dice) -> Entry {
    let mut one_of = |names: &[&str]| {
        let name = names[dice.bits() as usize % names.len()];
        (!name.is_empty()).then(|| name.to_owned())
    };
    let (user_id, team_id) = (one_of(&["ada", "bob", "çelik", ""]), one_of(&["analysts", "Builders", ""]));
    let (customer_id, tag) = (one_of(&["c-1", "c-2", ""]), one_of(&["night", "日", ""]));
    let (key, model) = (one_of(&["k1", "k2", "k3"]), one_of(&["openai/gpt", "groq/llama"]));
    let status = [Status::Success, Status::Success, Status::Failure, Status::Aborted, Status::Interrupted];
    let started_at = 1_793_491_200_000 + (dice.bits() % (5 * 86_400_000)) as i64;
    let count = dice.bits() % 5000;
    Entry {
        attempt_id: id.to_owned(),
        call_id: format!("call of {id}"),
        status: status[dice.bits() as usize % status.len()],
        started_at,
        ended_at: Some(started_at + 10),
        call_type: "acompletion".to_owned(),
        key: key.unwrap_or_default(),
        charges: team_id.iter().map(|team| charge(&format!("team:{team}"), "1d@1793491200")).collect(),
        user_id,
        team_id,
        customer_id,
        tags: tag.into_iter().collect(),
        model_group: "fast".to_owned(),
        model: model.unwrap_or_default(),
        provider: "openai".to_owned(),
        usage: Usage { input: Some(count), output: Some(count / 3), ..Usage::default() },
        cost: (!count.is_multiple_of(10)).then(|| Usd::from_nanos(count as i64)),
        ..Entry::default()
    }
}

/// A sum that an attempt counts for.
pub fn charge(subject: &str, period: &str) -> Charge {
    Charge { subject: subject.to_owned(), period: period.to_owned() }
}
