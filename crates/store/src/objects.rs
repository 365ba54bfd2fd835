//! Versioned objects: keys, users, teams and whatever else the management API creates. A body is JSON, so that a new
//! field needs no migration and an older version leaves alone what it does not know.
//!
//! Every write gets a number that is larger than all before it: the object's version. It tells replicas what changed
//! since they looked last, and a writer that somebody was faster.

use crate::clock::{OBJECTS, tick};
use crate::db::{Db, Row, Tx, values};
use crate::{Problem, Result};

/// Declares the kinds once: their names, and the list of them.
macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $name:literal),* $(,)?) => {
        /// What an object is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Kind { $($(#[$doc])* $kind),* }

        impl Kind {
            /// All kinds.
            pub const ALL: &[Kind] = &[$(Kind::$kind),*];

            /// The name in the database and in the audit.
            pub fn name(self) -> &'static str {
                match self { $(Kind::$kind => $name),* }
            }
        }
    };
}

kinds! {
    /// A virtual key, by its hash.
    Key = "key",
    /// The hash of a key that was rotated and still works for a while.
    RetiredKey = "retired_key",
    /// A person or program.
    User = "user",
    /// A team.
    Team = "team",
    /// What a user is and may spend in a team, by `team/user`.
    TeamMember = "team_member",
    /// A project of a team.
    Project = "project",
    /// An organization.
    Organization = "organization",
    /// What a user is in an organization, by `organization/user`.
    OrganizationMember = "organization_member",
    /// A customer of the team's application: OpenAI's `user` of a request.
    Customer = "customer",
    /// A tag of requests.
    Tag = "tag",
    /// A budget that several others share by its id.
    Budget = "budget",
    /// A deployment that was added while running.
    Model = "model",
    /// A credential of a provider.
    Credential = "credential",
    /// A path that is passed on, which was added while running.
    PassThrough = "pass_through",
    /// A link by which a user sets a password, by the hash of what it carries.
    Invitation = "invitation",
    /// A named setting of the gateway.
    Setting = "setting",
    /// A name that only one object may have: `key_alias:mine`. Two writers who want it at once cannot both get it.
    Claim = "claim",
}

/// An object as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// What it is.
    pub kind: Kind,
    /// Unique within its kind.
    pub id: String,
    /// Number of the write that made it what it is.
    pub version: i64,
    /// JSON; `None` if it was deleted.
    pub body: Option<String>,
}

/// A write, as a part of a transaction.
#[derive(Clone, Debug)]
pub struct Write {
    /// What it is.
    pub kind: Kind,
    /// Which one.
    pub id: String,
    /// What must be there now.
    pub expect: Expect,
    /// JSON; `None` deletes.
    pub body: Option<String>,
}

/// What a write expects to find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// Nothing, or something deleted.
    Nothing,
    /// Exactly this version.
    Version(i64),
    /// Whatever is there.
    Anything,
}

/// Most changes that are read at once.
const PAGE: i64 = 1000;

/// A page of the feed of changes.
#[derive(Debug)]
pub struct Changes {
    /// What changed, oldest first; deleted objects included.
    pub objects: Vec<Object>,
    /// Up to which version this page tells everything.
    pub upto: i64,
    /// Whether there is another page behind it.
    pub more: bool,
}

/// The changes behind version `since`.
pub(crate) async fn changes(db: &Db, since: i64) -> Result<Changes> {
    let sql =
        "SELECT kind, id, version, deleted, body FROM lockgate_object WHERE version > $1 ORDER BY version LIMIT $2";
    let rows = db.rows(sql, values![since, PAGE]).await?;
    let upto = rows.last().map_or(Ok(since), |row| row.int(2))?;
    let objects: Result<Vec<Option<Object>>> = rows.iter().map(read).collect();
    Ok(Changes { objects: objects?.into_iter().flatten().collect(), upto, more: rows.len() as i64 == PAGE })
}

/// Carries out `writes` and returns what was there before and what is there afterwards.
pub(crate) async fn write(tx: &mut Tx, writes: Vec<Write>) -> Result<Vec<(Option<String>, Object)>> {
    let mut written = Vec::with_capacity(writes.len());
    for write in writes {
        // Taken before anything is read: whoever writes at the same time waits here.
        let version = tick(tx, OBJECTS).await?;
        let sql = "SELECT version, deleted, body FROM lockgate_object WHERE kind = $1 AND id = $2";
        let rows = tx.rows(sql, values![write.kind.name(), &*write.id]).await?;
        let there = rows.first().map(|row| Ok::<_, Problem>((row.int(0)?, row.int(1)? == 0))).transpose()?;
        let alive = there.is_some_and(|(_, alive)| alive);
        let before = rows.first().filter(|_| alive).map(|row| row.text(2)).transpose()?;
        judge(&write, there)?;
        tx.run(
            "INSERT INTO lockgate_object (kind, id, version, deleted, body) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (kind, id) DO UPDATE
             SET version = excluded.version, deleted = excluded.deleted, body = excluded.body",
            values![
                write.kind.name(),
                &*write.id,
                version,
                write.body.is_none(),
                write.body.clone().unwrap_or_default()
            ],
        )
        .await?;
        written.push((before, Object { kind: write.kind, id: write.id, version, body: write.body }));
    }
    Ok(written)
}

/// Whether a write finds what it expects: version and whether it is alive, if there is a row.
fn judge(write: &Write, there: Option<(i64, bool)>) -> Result<()> {
    let name = format!("{} {}", write.kind.name(), write.id);
    match (write.expect, there) {
        (Expect::Anything, _) | (Expect::Nothing, None | Some((_, false))) => Ok(()),
        (Expect::Nothing, Some((_, true))) => Err(Problem::Conflict(format!("{name} exists already"))),
        (Expect::Version(expected), Some((version, true))) if expected == version => Ok(()),
        (Expect::Version(_), Some((_, true))) => {
            Err(Problem::Conflict(format!("{name} was changed by somebody else in the meantime")))
        }
        (Expect::Version(_), _) => Err(Problem::Conflict(format!("{name} does not exist any more"))),
    }
}

/// Reads a row; `None` for a kind that only a newer version knows.
fn read(row: &Row) -> Result<Option<Object>> {
    let name = row.text(0)?;
    let Some(kind) = Kind::ALL.iter().copied().find(|kind| kind.name() == name) else {
        return Ok(None);
    };
    let body = (row.int(3)? == 0).then(|| row.text(4)).transpose()?;
    Ok(Some(Object { kind, id: row.text(1)?, version: row.int(2)?, body }))
}
