//! All objects in memory: what the data plane asks about callers, and what the management API lists. It is filled
//! from the feed of changes; what this process wrote itself is taken in at once, without waiting for the feed.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::records::{
    Budget, Credential, Customer, Invitation, Key, Model, Organization, OrganizationMember, PassThrough, Project,
    Record, RetiredKey, Tag, Team, TeamMember, User,
};
use crate::{Changes, Kind, Object};

/// A record and the version it has.
#[derive(Clone, Debug)]
pub struct Held<T> {
    /// Number of the write that made it what it is.
    pub version: i64,
    /// What it says.
    pub record: Arc<T>,
}

/// All records of one kind, by id.
pub type Entries<T> = HashMap<String, Held<T>>;

/// All objects.
#[derive(Default)]
pub struct Directory {
    /// Virtual keys by hash.
    pub keys: Entries<Key>,
    /// Hashes of keys that were rotated.
    pub retired_keys: Entries<RetiredKey>,
    /// Users.
    pub users: Entries<User>,
    /// Teams.
    pub teams: Entries<Team>,
    /// Members of teams, by `team/user`.
    pub team_members: Entries<TeamMember>,
    /// Projects.
    pub projects: Entries<Project>,
    /// Organizations.
    pub organizations: Entries<Organization>,
    /// Members of organizations, by `organization/user`.
    pub organization_members: Entries<OrganizationMember>,
    /// Customers.
    pub customers: Entries<Customer>,
    /// Tags.
    pub tags: Entries<Tag>,
    /// Shared budgets.
    pub budgets: Entries<Budget>,
    /// Deployments that were added while running.
    pub models: Entries<Model>,
    /// Credentials of providers.
    pub credentials: Entries<Credential>,
    /// Paths that are passed on, which were added while running.
    pub pass_throughs: Entries<PassThrough>,
    /// Links by which users set passwords, by the hash of what they carry.
    pub invitations: Entries<Invitation>,
    /// Everything else, as JSON: by kind and id.
    pub others: HashMap<(Kind, String), Held<String>>,
    /// Where each user is: ids of team members and of organization members. Nobody looks through all of them for one.
    places: HashMap<(Kind, String), BTreeSet<String>>,
    /// Up to which version the feed was read.
    upto: i64,
    /// What was deleted in versions that the feed has not reached yet.
    graves: HashMap<(Kind, String), i64>,
}

impl Directory {
    /// Up to which version the feed was read: the place to read on.
    pub fn upto(&self) -> i64 {
        self.upto
    }

    /// What a user is in teams.
    pub fn teams_of<'d>(&'d self, user: &str) -> impl Iterator<Item = (&'d String, &'d Held<TeamMember>)> + use<'d> {
        self.places_of(Kind::TeamMember, user).filter_map(|id| self.team_members.get_key_value(id))
    }

    /// What a user is in organizations.
    pub fn organizations_of<'d>(
        &'d self,
        user: &str,
    ) -> impl Iterator<Item = (&'d String, &'d Held<OrganizationMember>)> + use<'d> {
        self.places_of(Kind::OrganizationMember, user).filter_map(|id| self.organization_members.get_key_value(id))
    }

    fn places_of<'d>(&'d self, kind: Kind, user: &str) -> impl Iterator<Item = &'d String> + use<'d> {
        self.places.get(&(kind, user.to_owned())).into_iter().flatten()
    }

    /// Notes where a user is, or is no more; the id names both.
    fn note_place(&mut self, kind: Kind, id: &str) {
        let there = match kind {
            Kind::TeamMember => self.team_members.contains_key(id),
            Kind::OrganizationMember => self.organization_members.contains_key(id),
            _ => return,
        };
        let Some((_, user)) = id.split_once('/') else { return };
        let places = self.places.entry((kind, user.to_owned())).or_default();
        match there {
            true => drop(places.insert(id.to_owned())),
            false => drop(places.remove(id)),
        }
        if places.is_empty() {
            self.places.remove(&(kind, user.to_owned()));
        }
    }

    /// Takes in a page of the feed. Returns what could not be read: kind, id and why.
    pub fn follow(&mut self, changes: Changes) -> Vec<String> {
        self.upto = self.upto.max(changes.upto);
        let upto = self.upto;
        self.graves.retain(|_, version| *version > upto);
        changes.objects.into_iter().filter_map(|object| self.place(object).err()).collect()
    }

    /// Takes in what this process wrote. The feed may have been faster, with this version or a newer one: then it
    /// stays as it is, for nothing that was deleted or changed since may come back.
    pub fn take(&mut self, written: &[Object]) -> Vec<String> {
        let fresh = written.iter().filter(|object| object.version > self.upto).cloned().collect::<Vec<_>>();
        fresh.into_iter().filter_map(|object| self.place(object).err()).collect()
    }

    fn place(&mut self, object: Object) -> Result<(), String> {
        let grave = (object.kind, object.id.clone());
        if self.graves.get(&grave).is_some_and(|version| *version > object.version) {
            return Ok(());
        }
        match object.body {
            None if object.version > self.upto => drop(self.graves.insert(grave, object.version)),
            _ => drop(self.graves.remove(&grave)),
        }
        let (kind, id) = (object.kind, object.id.clone());
        let placed = self.put(object);
        self.note_place(kind, &id);
        placed
    }

    fn put(&mut self, object: Object) -> Result<(), String> {
        match object.kind {
            Kind::Key => put(&mut self.keys, object),
            Kind::RetiredKey => put(&mut self.retired_keys, object),
            Kind::User => put(&mut self.users, object),
            Kind::Team => put(&mut self.teams, object),
            Kind::TeamMember => put(&mut self.team_members, object),
            Kind::Project => put(&mut self.projects, object),
            Kind::Organization => put(&mut self.organizations, object),
            Kind::OrganizationMember => put(&mut self.organization_members, object),
            Kind::Customer => put(&mut self.customers, object),
            Kind::Tag => put(&mut self.tags, object),
            Kind::Budget => put(&mut self.budgets, object),
            Kind::Model => put(&mut self.models, object),
            Kind::Credential => put(&mut self.credentials, object),
            Kind::PassThrough => put(&mut self.pass_throughs, object),
            Kind::Invitation => put(&mut self.invitations, object),
            Kind::Setting | Kind::Claim => {
                let key = (object.kind, object.id);
                if self.others.get(&key).is_none_or(|held| held.version < object.version) {
                    match object.body {
                        Some(body) => self.others.insert(key, Held { version: object.version, record: Arc::new(body) }),
                        None => self.others.remove(&key),
                    };
                }
                Ok(())
            }
        }
    }
}

/// Puts an object where it belongs, unless something newer is there. A body that cannot be read takes the record
/// away: a key must not go on with rights that somebody just changed.
fn put<T: Record>(entries: &mut Entries<T>, object: Object) -> Result<(), String> {
    if entries.get(&object.id).is_some_and(|held| held.version >= object.version) {
        return Ok(());
    }
    let read = object.body.map(|body| serde_json::from_str::<T>(&body));
    match read {
        Some(Ok(record)) => {
            entries.insert(object.id, Held { version: object.version, record: Arc::new(record) });
            Ok(())
        }
        Some(Err(why)) => {
            entries.remove(&object.id);
            Err(format!("{} {} cannot be read: {why}", object.kind.name(), object.id))
        }
        None => {
            entries.remove(&object.id);
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests;
