//! By what calls are told apart: whose they are, which model they asked for, who answered, and how they ended. Nothing that
//! a stranger can make up is among it: no address, no end user, no name of a model that there is not.

use std::hash::BuildHasher;

use foldhash::quality::RandomState;
use store::{Entry, Status};

/// What stands for names that nobody knows, and for all series that are too many.
pub const OTHER: &str = "other";

/// What the series of a call are told apart by.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Labels {
    pub key: String,
    pub key_alias: Option<String>,
    pub user: Option<String>,
    pub team: Option<String>,
    pub organization: Option<String>,
    /// The name that was asked for.
    pub group: String,
    /// The model as `provider/model`.
    pub model: String,
    pub provider: String,
    pub deployment: String,
    pub api_base: String,
    pub call_type: String,
    pub code: u16,
    /// What went wrong.
    pub fault: Option<String>,
    pub succeeded: bool,
    /// Whether no attempt was made.
    pub is_refusal: bool,
}

/// What an entry's labels are found by.
pub fn hash(state: &RandomState, entry: &Entry, strange: bool) -> u64 {
    let who = (&entry.key, &entry.user_id, &entry.team_id, &entry.organization_id);
    let whom = (&entry.provider, &entry.deployment_id, &entry.api_base, &entry.call_type);
    let what = if strange { (OTHER, OTHER) } else { (&*entry.model_group, &*entry.model) };
    let how = (entry.code(), entry.status.name(), entry.fault.as_ref().map(|fault| &fault.kind), entry.is_attempt());
    state.hash_one((who, whom, what, how))
}

impl Labels {
    pub fn of(entry: &Entry, strange: bool) -> Self {
        let name = |name: &str| if strange { OTHER.to_owned() } else { name.to_owned() };
        Labels {
            key: entry.key.clone(),
            key_alias: entry.key_alias.clone(),
            user: entry.user_id.clone(),
            team: entry.team_id.clone(),
            organization: entry.organization_id.clone(),
            group: name(&entry.model_group),
            model: name(&entry.model),
            provider: entry.provider.clone(),
            deployment: entry.deployment_id.clone(),
            api_base: entry.api_base.clone(),
            call_type: entry.call_type.clone(),
            code: entry.code(),
            fault: entry.fault.as_ref().map(|fault| fault.kind.clone()),
            succeeded: entry.status == Status::Success,
            is_refusal: !entry.is_attempt(),
        }
    }

    /// Those of all series that are too many.
    pub fn other() -> Self {
        let other = || OTHER.to_owned();
        Labels {
            key: other(),
            key_alias: Some(other()),
            user: Some(other()),
            team: Some(other()),
            organization: Some(other()),
            group: other(),
            model: other(),
            provider: other(),
            deployment: other(),
            api_base: other(),
            call_type: other(),
            code: 0,
            fault: Some(other()),
            succeeded: true,
            is_refusal: false,
        }
    }
}
