//! The bodies of objects. Names are the incumbent's, so that what its users script against means the same here; a
//! field that nobody set is not stored, and a field that this version does not know is kept.

mod allowance;
mod budget;
mod customer;
mod invitation;
mod key;
mod model;
pub mod money;
mod organization;
mod pass_through;
mod project;
mod tag;
mod team;
mod user;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Directory, Entries, Kind, usual};

pub use allowance::{Allowance, ModelBudget, WindowBudget};
pub use budget::Budget;
pub use customer::Customer;
pub use invitation::Invitation;
pub use key::{Key, RetiredKey, Session, hash_key, short_hash};
pub use model::{Credential, Model};
pub use organization::{Organization, OrganizationMember};
pub use pass_through::PassThrough;
pub use project::Project;
pub use tag::Tag;
pub use team::{MemberRole, Team, TeamMember};
pub use user::{Role, User};

/// JSON fields that are kept without being understood.
pub type Fields = serde_json::Map<String, serde_json::Value>;

/// The body of a kind of objects.
pub trait Record: Clone + Serialize + DeserializeOwned {
    /// The kind.
    const KIND: Kind;

    /// All of them, in memory.
    fn all(directory: &Directory) -> &Entries<Self>;
}

/// Declares where in the directory the records of each kind are.
macro_rules! records {
    ($($record:ident in $entries:ident),* $(,)?) => {
        $(impl Record for $record {
            const KIND: Kind = Kind::$record;

            fn all(directory: &Directory) -> &Entries<Self> {
                &directory.$entries
            }
        })*
    };
}

records! {
    Key in keys,
    RetiredKey in retired_keys,
    User in users,
    Team in teams,
    TeamMember in team_members,
    Project in projects,
    Organization in organizations,
    OrganizationMember in organization_members,
    Customer in customers,
    Tag in tags,
    Budget in budgets,
    Model in models,
    Credential in credentials,
    PassThrough in pass_throughs,
    Invitation in invitations,
}

/// The record of somebody who may spend, or of what they may spend.
pub trait Spender: Record + Default {
    /// Budgets and limits.
    fn allowance(&self) -> &Allowance;

    /// The same, to be changed.
    fn allowance_mut(&mut self) -> &mut Allowance;

    /// When and by whom.
    fn origin(&mut self) -> &mut Origin;

    /// What else is remembered of those of whom anything is.
    fn metadata(&self) -> Option<&Fields> {
        None
    }
}

/// Declares who may spend, and whether they have metadata.
macro_rules! spenders {
    ($($record:ident $($metadata:ident)?),* $(,)?) => {
        $(impl Spender for $record {
            fn allowance(&self) -> &Allowance {
                &self.allowance
            }

            fn allowance_mut(&mut self) -> &mut Allowance {
                &mut self.allowance
            }

            fn origin(&mut self) -> &mut Origin {
                &mut self.origin
            }

            $(fn metadata(&self) -> Option<&Fields> {
                Some(&self.$metadata)
            })?
        })*
    };
}

spenders! { Key metadata, User metadata, Team metadata, Organization metadata, Project metadata, TeamMember, OrganizationMember, Customer, Tag, Budget }

/// When an object came about and was changed: milliseconds since 1970, and by whom (a user's id).
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Origin {
    /// Creation.
    pub created_at: i64,
    /// Who created it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_by: Option<String>,
    /// Last change.
    pub updated_at: i64,
    /// Who changed it last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_by: Option<String>,
}
