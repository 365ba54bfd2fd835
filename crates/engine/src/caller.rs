//! Who calls: a key with its user, team and organization, resolved into what it may do and who pays.

use std::sync::Arc;
use std::time::Duration;

use policy::grants;
use policy::runaway::RunawayWish;
use store::records::{
    Allowance, Budget, Key, Organization, OrganizationMember, Project, Record, Role, Spender, Team, TeamMember, User,
};
use store::{Directory, Entries, Registry};
use types::{Fault, FaultKind, Side};

use crate::guards::Wanted;
use crate::meters::{Meter, Meters};
use crate::telemetry::Logging;
use crate::terms::Terms;
use crate::tokens::{Holder, Tokens};
use crate::{Group, Setup, loops};

/// After how long a caller may ask again whose key cannot be looked up.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// Who calls.
#[derive(Default)]
pub struct Caller {
    /// Hash of the key; empty for the master key and where no key is needed.
    pub key_hash: String,
    /// The key, unless it is the master key.
    pub key: Option<Arc<Key>>,
    /// Whether it may do everything.
    pub is_admin: bool,
    /// Whose call it is.
    pub user_id: Option<String>,
    /// The team that pays.
    pub team_id: Option<String>,
    /// The organization that pays.
    pub organization_id: Option<String>,
    /// The customer whom its calls are for, whatever they say.
    pub(crate) customer_id: Option<String>,
    /// Who pays instead for a model that this one may not call: a token may name several teams.
    others: Vec<Arc<Caller>>,
    team: Option<Arc<Team>>,
    member: Option<Arc<TeamMember>>,
    user: Option<Arc<User>>,
    organization: Option<Arc<Organization>>,
    organization_member: Option<Arc<OrganizationMember>>,
    project: Option<Arc<Project>>,
    /// The guardrails that it wants.
    pub(crate) guards: Wanted,
    /// What it wants of the log.
    pub(crate) logging: Logging,
    /// What is to be done when it runs in circles.
    pub(crate) runaway: RunawayWish,
    /// Shared budgets that name models, and whose they are.
    budgets: Vec<(&'static str, Arc<Budget>)>,
    /// Where its calls are counted, whatever they ask for.
    pub(crate) accounts: Vec<Account>,
    /// Where the calls of a team's key are counted for its user. The user's budget may be for keys without a team only.
    pub(crate) user_in_team: Option<Account>,
    /// When it has to be resolved anew, milliseconds since 1970.
    pub(crate) valid_until: Option<i64>,
}

/// Where calls are counted.
#[derive(Clone)]
pub(crate) struct Account {
    pub meter: Arc<Meter>,
    pub terms: Terms,
    pub owner: Owner,
}

/// Whose account it is, for the words of a refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    Key(String),
    User(String),
    Team(String),
    Member(String),
    Organization(String),
    Project(String),
    Customer(String),
    Tag(String),
    Model(String),
    /// The call itself: what all of its attempts may cost together.
    Call,
    Gateway,
    Deployment(String),
    Provider(String),
}

impl Caller {
    /// The caller with the master key, or any caller where no key is needed.
    pub fn admin() -> Self {
        Caller { is_admin: true, user_id: Some("default_user_id".to_owned()), ..Caller::default() }
    }

    /// The refusal of a key that nobody has.
    pub fn unknown() -> Fault {
        unknown_key()
    }

    /// The caller with this key, or why it may not call.
    pub fn find(registry: &Registry, meters: &Meters, hash: &str, now_ms: i64) -> Result<Self, Fault> {
        let found = Caller::resolve(&registry.read(), meters, hash, now_ms);
        // A key that is missing here may well exist: created elsewhere, while we cannot see it.
        let unseen = |fault: &Fault| fault.label == unknown_key().label && !registry.is_current();
        found.map_err(|fault| if unseen(&fault) { no_database() } else { fault })
    }

    /// The caller whom a token stands for, or why it may not call.
    pub fn holding(registry: &Registry, meters: &Meters, found: (&Tokens, Holder), now_ms: i64) -> Result<Self, Fault> {
        let caller = Caller::of_holder(&registry.read(), meters, found, now_ms);
        // Whoever is missing here may well exist.
        caller.map_err(|fault| if registry.is_current() { fault } else { no_database() })
    }

    fn of_holder(
        directory: &Directory,
        meters: &Meters,
        (rules, holder): (&Tokens, Holder),
        now_ms: i64,
    ) -> Result<Self, Fault> {
        let one = |key: Key| {
            let hash = key.counted_as.clone().unwrap_or_default();
            let mut caller = Caller::with(directory, meters, hash, Arc::new(key), Some(holder.expires_ms), now_ms)?;
            caller.is_admin |= holder.is_admin;
            caller.customer_id = holder.customer_id.clone();
            Ok(caller)
        };
        let keys = holder.keys(rules, directory)?;
        let (mut callers, mut denied) = (Vec::new(), None);
        for caller in keys.into_iter().map(one) {
            match caller {
                Ok(caller) => callers.push(caller),
                Err(fault) => denied = denied.or(Some(fault)),
            }
        }
        let mut callers = callers.into_iter();
        let mut first = callers.next().ok_or_else(|| denied.unwrap_or_else(unknown_key))?;
        first.others = callers.map(Arc::new).collect();
        let ends = first.others.iter().filter_map(|other| other.valid_until);
        first.valid_until = ends.chain(first.valid_until).min();
        Ok(first)
    }

    /// Who pays for a call of `model`: the first who may call it.
    pub(crate) fn paying_for(self: &Arc<Self>, setup: &Setup, model: &str) -> Arc<Caller> {
        let mut all = std::iter::once(self).chain(&self.others);
        let paying = if self.others.is_empty() { None } else { all.find(|one| one.may_reach(setup, model).is_ok()) };
        paying.unwrap_or(self).clone()
    }

    fn resolve(directory: &Directory, meters: &Meters, hash: &str, now_ms: i64) -> Result<Self, Fault> {
        let (hash, key, revoked_at) = find(directory, hash, now_ms)?;
        Caller::with(directory, meters, hash, whole(directory, key), revoked_at, now_ms)
    }

    /// The caller with a key that is valid until then.
    fn with(
        directory: &Directory,
        meters: &Meters,
        hash: String,
        key: Arc<Key>,
        until: Option<i64>,
        now_ms: i64,
    ) -> Result<Self, Fault> {
        let team_id = key.team_id.clone();
        let team: Option<Arc<Team>> = spender(directory, team_id.as_deref());
        let user: Option<Arc<User>> = spender(directory, key.user_id.as_deref());
        let organization_id = key.organization_id.clone().or_else(|| team.as_ref()?.organization_id.clone());
        let member = match (&team_id, &key.user_id) {
            (Some(team), Some(user)) => spender(directory, Some(&TeamMember::id(team, user))),
            _ => None,
        };
        let organization_member = match (&organization_id, &key.user_id) {
            (Some(organization), Some(user)) => spender(directory, Some(&OrganizationMember::id(organization, user))),
            _ => None,
        };
        let mut caller = Caller {
            organization_member,
            project: spender(directory, key.project_id.as_deref()),
            is_admin: key.is_master_session()
                || !key.delegated && user.as_ref().is_some_and(|user| user.user_role == Role::ProxyAdmin),
            user_id: key.user_id.clone(),
            organization: spender(directory, organization_id.as_deref()),
            valid_until: key.expires.into_iter().chain(until).min(),
            key: Some(key),
            key_hash: hash,
            team_id,
            organization_id,
            team,
            member,
            user,
            ..Caller::default()
        };
        caller.refuse_blocked()?;
        caller.logging = caller.wants_of_the_log();
        caller.guards = caller.wants_guarded();
        caller.runaway = caller.wants_of_the_loop_breaker();
        caller.budgets = caller.shared_budgets(directory)?;
        caller.accounts = caller.count(meters, now_ms);
        caller.user_in_team = caller.count_user_in_team(meters, now_ms);
        let accounts = caller.accounts.iter().chain(&caller.user_in_team);
        let changes = accounts.filter_map(|account| account.terms.valid_until);
        caller.valid_until = changes.chain(caller.valid_until).min();
        Ok(caller)
    }

    fn wants_of_the_log(&self) -> Logging {
        let Some(key) = self.key.as_deref() else { return Logging::default() };
        Logging::of(&key.metadata, self.team.as_deref().map(|team| &team.metadata))
    }

    fn wants_guarded(&self) -> Wanted {
        let Some(key) = self.key.as_deref() else { return Wanted::default() };
        Wanted::of(&key.metadata, self.team.as_deref().map(|team| &team.metadata))
    }

    fn wants_of_the_loop_breaker(&self) -> RunawayWish {
        let Some(key) = self.key.as_deref() else { return RunawayWish::default() };
        let project = self.project.as_deref().map(|project| &project.metadata);
        let team = self.team.as_deref().map(|team| &team.metadata);
        loops::wish([Some(&key.metadata), project, team])
    }

    fn refuse_blocked(&self) -> Result<(), Fault> {
        let blocked = |message: String| Err(denied(FaultKind::Authentication, "auth_error", message));
        match (&self.team, &self.user) {
            (Some(team), _) if team.blocked => {
                let id = self.team_id.as_deref().unwrap_or_default();
                blocked(format!(
                    "Authentication Error, Team={id} is blocked. Update via `/team/unblock` if you're an admin."
                ))
            }
            _ if self.project.as_ref().is_some_and(|project| project.blocked) => {
                let id = self.key.as_deref().and_then(|key| key.project_id.as_deref()).unwrap_or_default();
                blocked(format!("Authentication Error, Project={id} is blocked."))
            }
            (_, Some(user)) if user.blocked => {
                let id = self.user_id.as_deref().unwrap_or_default();
                blocked(format!("Authentication Error, User={id} is blocked."))
            }
            _ => Ok(()),
        }
    }

    /// What everybody has who pays for this caller, or holds it back.
    fn allowances(&self) -> [(&'static str, Option<&Allowance>); 7] {
        [
            ("key", self.key.as_deref().map(|key| &key.allowance)),
            ("user", self.user.as_deref().map(|user| &user.allowance)),
            ("team", self.team.as_deref().map(|team| &team.allowance)),
            ("team_member", self.member.as_deref().map(|member| &member.allowance)),
            ("organization", self.organization.as_deref().map(|organization| &organization.allowance)),
            ("project", self.project.as_deref().map(|project| &project.allowance)),
            ("organization", self.organization_member.as_deref().map(|member| &member.allowance)),
        ]
    }

    /// The shared budgets that name models. What holds a caller back must be there: without its team, organization or
    /// budget a key that was left over could do more than before.
    fn shared_budgets(&self, directory: &Directory) -> Result<Vec<(&'static str, Arc<Budget>)>, Fault> {
        let lost = |what: &str, id: &String| {
            let message = format!("Authentication Error, {what}={id} of this key does not exist.");
            Err(denied(FaultKind::Authentication, "auth_error", message))
        };
        match (&self.team_id, &self.organization_id) {
            (Some(id), _) if self.team.is_none() => return lost("Team", id),
            (_, Some(id)) if self.organization.is_none() => return lost("Organization", id),
            _ => {}
        }
        if let Some(id) = self.key.as_deref().and_then(|key| key.project_id.as_ref())
            && self.project.is_none()
        {
            return lost("Project", id);
        }
        let mut budgets = Vec::new();
        for (who, allowance) in self.allowances() {
            let Some(id) = allowance.and_then(|allowance| allowance.budget_id.as_ref()) else { continue };
            match record(&directory.budgets, Some(id)) {
                // The user's own list of models is for keys without a team, too.
                Some(budget) if !budget.allowed_models.is_empty() && (who != "user" || self.team.is_none()) => {
                    budgets.push((who, budget));
                }
                Some(_) => {}
                None => return lost("Budget", id),
            }
        }
        Ok(budgets)
    }

    /// Everybody who pays for this caller, but not the user of a team's key.
    fn count(&self, meters: &Meters, now_ms: i64) -> Vec<Account> {
        let mut accounts = Vec::new();
        let mut add = |subject: String, owner: Owner, allowance: Option<&Allowance>, lenient: bool| {
            let Some(allowance) = allowance else { return };
            let terms = Terms::of(allowance, None, lenient, now_ms);
            if terms.limit_something() {
                accounts.push(Account { meter: meters.of(&subject), terms, owner });
            }
        };
        let id = |id: &Option<String>| id.clone().unwrap_or_default();
        let key = self.key.as_deref();
        add(self.key_subject(), self.key_owner(), key.map(|key| &key.allowance), false);
        if self.team_id.is_none() {
            let user = self.user.as_deref().map(|user| &user.allowance);
            add(format!("user:{}", id(&self.user_id)), Owner::User(id(&self.user_id)), user, false);
        }
        let team = self.team.as_deref().map(|team| &team.allowance);
        add(format!("team:{}", id(&self.team_id)), Owner::Team(id(&self.team_id)), team, true);
        let member = TeamMember::id(&id(&self.team_id), &id(&self.user_id));
        let allowance = self.member.as_deref().map(|member| &member.allowance);
        add(format!("member:{member}"), Owner::Member(member), allowance, false);
        let organization = self.organization.as_deref().map(|organization| &organization.allowance);
        let owner = Owner::Organization(id(&self.organization_id));
        add(format!("organization:{}", id(&self.organization_id)), owner, organization, false);
        if let (Some(project), Some(name)) = (&self.project, key.and_then(|key| key.project_id.as_ref())) {
            add(format!("project:{name}"), Owner::Project(name.clone()), Some(&project.allowance), false);
        }
        let member = OrganizationMember::id(&id(&self.organization_id), &id(&self.user_id));
        let allowance = self.organization_member.as_deref().map(|member| &member.allowance);
        add(format!("organization_member:{member}"), Owner::Organization(member), allowance, false);
        accounts
    }

    /// The account of the user of a team's key.
    fn count_user_in_team(&self, meters: &Meters, now_ms: i64) -> Option<Account> {
        let (user, id) = (self.user.as_deref()?, self.user_id.as_ref()?);
        self.team_id.as_ref()?;
        let terms = Terms::of(&user.allowance, None, false, now_ms);
        let account = || Account {
            meter: meters.of(&format!("user:{id}")),
            terms: terms.clone(),
            owner: Owner::User(id.clone()),
        };
        terms.limit_something().then(account)
    }

    /// The hash under which its spend is counted: the same, however often the key is rotated.
    pub fn counted_hash(&self) -> &str {
        self.key.as_deref().map_or(&*self.key_hash, |key| key.counted_as(&self.key_hash))
    }

    /// Whose is what is kept of its calls: its user's, else its team's, else its own. A key that another user handed out
    /// stands for itself alone.
    pub fn keeper(&self) -> String {
        let is_delegated = self.key.as_deref().is_some_and(|key| key.delegated);
        match (&self.key, &self.user_id, &self.team_id) {
            (None, ..) => "admin".to_owned(),
            (_, Some(user), team) if !is_delegated => format!("user {user:?} {:?}", team.as_deref().unwrap_or("")),
            (_, None, Some(team)) if !is_delegated => format!("team {team:?}"),
            _ => self.key_subject(),
        }
    }

    /// How its key is called in refusals.
    pub(crate) fn key_owner(&self) -> Owner {
        let name = |key: &Key| key.key_alias.clone().unwrap_or_else(|| key.key_name.clone());
        Owner::Key(self.key.as_deref().map(name).unwrap_or_default())
    }

    /// Whom its spend is counted for.
    pub(crate) fn key_subject(&self) -> String {
        format!("key:{}", self.counted_hash())
    }

    /// The model that `name` means for this caller: keys and teams can have names of their own.
    pub fn alias<'a>(&'a self, name: &'a str) -> &'a str {
        let own = self.key.as_deref().and_then(|key| key.aliases.get(name));
        let own = own.or_else(|| self.team.as_deref()?.model_aliases.get(name));
        own.map_or(name, String::as_str)
    }

    /// Names that mean a model for this caller alone.
    pub fn own_names(&self) -> impl Iterator<Item = &str> {
        let key = self.key.as_deref().map(|key| key.aliases.keys());
        let team = self.team.as_deref().map(|team| team.model_aliases.keys());
        key.into_iter().flatten().chain(team.into_iter().flatten()).map(String::as_str)
    }

    /// Whether its key is slowed down where its budget is spent, and not refused.
    pub(crate) fn is_throttled(&self) -> bool {
        let flag = self.key.as_deref().and_then(|key| key.metadata.get("throttle_on_budget_exceeded"));
        flag.and_then(|flag| flag.as_bool()) == Some(true)
    }

    /// What its key goes by: its hash, its alias.
    pub(crate) fn key_names(&self) -> Vec<&str> {
        let alias = self.key.as_deref().and_then(|key| key.key_alias.as_deref());
        [Some(self.key_hash.as_str()), alias].into_iter().flatten().filter(|name| !name.is_empty()).collect()
    }

    /// What its team goes by: its id, its alias.
    pub(crate) fn team_names(&self) -> Vec<&str> {
        let alias = self.team.as_deref().and_then(|team| team.team_alias.as_deref());
        [self.team_id.as_deref(), alias].into_iter().flatten().collect()
    }

    /// Whether it may call what `model` means in a setup, or why not.
    pub fn may_reach(&self, setup: &Setup, model: &str) -> Result<(), Fault> {
        self.may_call(model, setup.access_groups_of(model))?;
        setup.find(model).map_or(Ok(()), |(group, _)| self.may_use(&group, model))
    }

    /// Whether somebody who may pay for its calls may reach a model.
    pub fn reaches(&self, setup: &Setup, model: &str) -> bool {
        self.may_reach(setup, model).is_ok() || self.others.iter().any(|other| other.may_reach(setup, model).is_ok())
    }

    /// Whether it may call `model`, which is in these access groups, or why not.
    pub(crate) fn may_call(&self, model: &str, groups: &[String]) -> Result<(), Fault> {
        let Some(key) = self.key.as_deref() else { return Ok(()) };
        let own = self.user.as_deref().filter(|_| self.team.is_none()).map(|user| ("user", &user.models));
        let lists = [
            self.team.as_deref().map(|team| ("team", &team.models)),
            self.member.as_deref().map(|member| ("team_member", &member.allowed_models)),
            own,
            self.organization.as_deref().map(|organization| ("organization", &organization.models)),
            self.project.as_deref().map(|project| ("project", &project.models)),
        ];
        let budgets = self.budgets.iter().map(|(who, budget)| (*who, &budget.allowed_models));
        let mut lists = lists.into_iter().flatten().chain(budgets);
        // An admin may do everything, but not with a key that was made for something.
        let named = |list: &[String]| grants::name_group(list, groups);
        let refused = match grants::key_allows(&key.models, model, self.team_id.is_some()) || named(&key.models) {
            false => Some("key"),
            true if self.is_admin => None,
            true => lists.find(|(_, list)| !grants::allows(list, model) && !named(list)).map(|(who, _)| who),
        };
        refused.map_or(Ok(()), |who| Err(no_model(who, model)))
    }

    /// Whether it may use a group that `model` names: a team's is for that team alone.
    pub(crate) fn may_use(&self, group: &Group, model: &str) -> Result<(), Fault> {
        match &group.team {
            Some(team) if !self.is_admin && self.team_id.as_ref() != Some(team) => Err(no_model("key", model)),
            _ => Ok(()),
        }
    }

    /// Models that stand in when its budget for `model` alone is spent, by the name that the call or the setup has for it.
    pub(crate) fn budget_fallbacks(&self, setup: &Setup, model: &str) -> Vec<String> {
        let lists = self.key.as_deref().and_then(|key| key.extra.get("budget_fallbacks"));
        let names = [Some(model), setup.group_name(model)].into_iter().flatten();
        let list = lists.and_then(|lists| names.filter_map(|name| lists.get(name)?.as_array()).next());
        let names = list.into_iter().flatten().filter_map(|name| name.as_str());
        names.map(|name| self.alias(name).to_owned()).collect()
    }

    /// Where its calls of `model` are counted for that model alone: by key, by team and by project, under whatever name
    /// they have limits for it.
    pub(crate) fn accounts_of(&self, setup: &Setup, meters: &Meters, model: &str) -> Vec<Account> {
        let mut accounts = Vec::new();
        let group = setup.find(model).map(|(group, _)| group);
        let name = setup.group_name(model).filter(|name| *name != model);
        self.accounts_of_model(meters, model, group.as_deref().filter(|_| name.is_none()), &mut accounts);
        if let Some(name) = name {
            self.accounts_of_model(meters, name, group.as_deref(), &mut accounts);
        }
        let names = [Some(model), name].into_iter().flatten();
        accounts.extend(names.filter_map(|name| self.account_of_model_in_project(meters, name)));
        accounts
    }

    /// What it is limited to for one model alone, beside `accounts`: by key, and by team.
    /// Keys that have no limits of their own for it get those of `group`.
    pub(crate) fn accounts_of_model(
        &self,
        meters: &Meters,
        model: &str,
        group: Option<&Group>,
        accounts: &mut Vec<Account>,
    ) {
        let key = self.key.as_deref().map(|key| (self.key_subject(), Owner::Key(String::new()), &key.allowance));
        let team = self.team.as_deref().zip(self.team_id.as_deref());
        let team = team.map(|(team, id)| (format!("team:{id}"), Owner::Team(String::new()), &team.allowance));
        for (subject, owner, allowance) in [key, team].into_iter().flatten() {
            let mut terms = Terms::of_model(allowance, model);
            if let (Owner::Key(_), Some(group)) = (&owner, group) {
                terms.default_to(&group.key_limits());
            }
            if terms.limit_something() {
                let meter = meters.of(&format!("model:{subject}|{model}"));
                accounts.push(Account { meter, terms, owner: Owner::Model(model.to_owned()) });
            }
        }
    }

    /// What its project is limited to for one model alone.
    pub(crate) fn account_of_model_in_project(&self, meters: &Meters, model: &str) -> Option<Account> {
        let (project, id) = (self.project.as_deref()?, self.key.as_deref()?.project_id.as_deref()?);
        let terms = Terms::of_model(&project.allowance, model);
        let subject = format!("model:project:{id}|{model}");
        let account =
            || Account { meter: meters.of(&subject), terms: terms.clone(), owner: Owner::Model(model.to_owned()) };
        terms.limit_something().then(account)
    }

    /// Tags that all its calls have: of the key, of the team, and of the project.
    pub(crate) fn tags(&self) -> impl Iterator<Item = &str> {
        let key = self.key.as_deref().and_then(|key| key.metadata.get("tags"));
        let team = self.team.as_deref().and_then(|team| team.metadata.get("tags"));
        let project = self.project.as_deref().and_then(|project| project.metadata.get("tags"));
        let lists = [key, team, project].into_iter().flatten().filter_map(|tags| tags.as_array());
        lists.flatten().filter_map(|tag| tag.as_str())
    }
}

/// The key with this hash, or the one that took its place, and until when it may do so.
fn find(directory: &Directory, hash: &str, now_ms: i64) -> Result<(String, Arc<Key>, Option<i64>), Fault> {
    let retired = record(&directory.retired_keys, Some(hash)).filter(|retired| retired.revoke_at > now_ms);
    let revoked_at = retired.as_ref().map(|retired| retired.revoke_at);
    let hash = retired.map_or_else(|| hash.to_owned(), |retired| retired.active.clone());
    let Some(key) = record(&directory.keys, Some(&hash)) else {
        return Err(unknown_key());
    };
    if key.blocked {
        let message = "Authentication Error, Key is blocked. Update via `/key/unblock` if you're an admin.";
        return Err(denied(FaultKind::Authentication, "auth_error", message));
    }
    if let Some(expires) = key.expires.filter(|expires| *expires <= now_ms) {
        let shown = |ms: i64| jiff::Timestamp::from_millisecond(ms).unwrap_or_default();
        let (expires, now) = (shown(expires), shown(now_ms));
        let message = format!("Authentication Error - Expired Key. Key Expiry time {expires} and current time {now}");
        return Err(denied(FaultKind::Authentication, "expired_key", message));
    }
    Ok((hash, key, revoked_at))
}

fn record<T: Record>(entries: &Entries<T>, id: Option<&str>) -> Option<Arc<T>> {
    entries.get(id?).map(|held| held.record.clone())
}

/// Somebody who may spend, with what their shared budget sets.
fn spender<T: Spender>(directory: &Directory, id: Option<&str>) -> Option<Arc<T>> {
    record(T::all(directory), id).map(|found| whole(directory, found))
}

fn whole<T: Spender>(directory: &Directory, found: Arc<T>) -> Arc<T> {
    let Some(shared) = record(&directory.budgets, found.allowance().budget_id.as_deref()) else { return found };
    let mut whole = T::clone(&found);
    *whole.allowance_mut() = found.allowance().over(&shared.allowance);
    Arc::new(whole)
}

/// Nobody has this key.
pub(crate) fn unknown_key() -> Fault {
    let message = "Authentication Error, Invalid API key provided.";
    let fault = denied(FaultKind::Authentication, "token_not_found_in_db", message);
    Fault { param: Some("key".to_owned()), ..fault }
}

fn no_database() -> Fault {
    let message = "the database is away, so this key cannot be looked up; please try again";
    Fault {
        retry_after: Some(RETRY_AFTER),
        label: Some("auth_provider_unavailable"),
        ..Fault::new(FaultKind::Unavailable, Side::Gateway, message)
    }
}

/// A refusal in the incumbent's words.
pub(crate) fn denied(kind: FaultKind, label: &'static str, message: impl Into<String>) -> Fault {
    Fault { label: Some(label), ..Fault::new(kind, Side::Caller, message) }
}

pub(crate) fn no_model(who: &str, model: &str) -> Fault {
    let label = match who {
        "team" | "team_member" => "team_model_access_denied",
        "user" => "user_model_access_denied",
        "organization" => "org_model_access_denied",
        "customer" => "customer_model_access_denied",
        "project" => "project_model_access_denied",
        _ => "key_model_access_denied",
    };
    let message = format!(
        "The requested model '{model}' is not available for this API key, or the model name is invalid. \
         Call `/v1/models` to see what it may use."
    );
    Fault { param: Some("model".to_owned()), ..denied(FaultKind::Permission, label, message) }
}

#[cfg(test)]
mod tests;
