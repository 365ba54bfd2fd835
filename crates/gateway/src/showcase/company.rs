//! Who is in the company: organizations, teams, users, keys, customers, tags and budgets, and when they came.

use engine::Dice;
use serde_json::{Value, json};
use store::{Author, Expect, Kind, Write, hash_key};

/// A day, milliseconds.
pub const DAY: i64 = 86_400_000;

/// Organizations: id, name, budget a month.
const ORGANIZATIONS: [(&str, &str, f64); 2] = [("acme", "Acme", 250.0), ("northwind", "Northwind Labs", 45.0)];

/// A team: id, name, organization, budget a month, how much it calls, models that it likes, what its calls are for.
pub struct Team {
    pub id: &'static str,
    pub name: &'static str,
    pub organization: &'static str,
    pub budget: f64,
    pub weight: f64,
    pub models: &'static [&'static str],
    pub tags: &'static [&'static str],
}

#[rustfmt::skip]
const TEAMS: [Team; 7] = [
    Team { id: "support", name: "Support assistant", organization: "acme", budget: 25.0, weight: 5.0, models: &["gpt-4o-mini", "gpt-4o", "claude-haiku"], tags: &["chat-widget", "mail-triage"] },
    Team { id: "search", name: "Search", organization: "acme", budget: 12.0, weight: 4.0, models: &["embedding", "gpt-4o-mini", "gemini-flash"], tags: &["indexing", "query-rewrite"] },
    Team { id: "developers", name: "Developer tools", organization: "acme", budget: 135.0, weight: 3.5, models: &["claude-sonnet", "claude-haiku"], tags: &["code-review", "coding-agent"] },
    Team { id: "documents", name: "Document processing", organization: "acme", budget: 15.0, weight: 2.0, models: &["gemini-flash", "gpt-4o"], tags: &["extraction"] },
    Team { id: "marketing", name: "Marketing", organization: "acme", budget: 6.0, weight: 0.8, models: &["gpt-4o", "claude-sonnet"], tags: &["copywriting"] },
    Team { id: "research", name: "Research", organization: "northwind", budget: 40.0, weight: 1.6, models: &["claude-sonnet", "gpt-4o", "in-house"], tags: &["evaluation", "literature"] },
    Team { id: "data", name: "Data platform", organization: "northwind", budget: 5.0, weight: 1.4, models: &["gpt-4o-mini", "in-house", "embedding"], tags: &["sql-assistant"] },
];

/// Users: name, team, role in the gateway, whether they manage the team.
#[rustfmt::skip]
const USERS: [(&str, &str, &str, bool); 16] = [
    ("ana", "support", "internal_user", true), ("ben", "support", "internal_user", false),
    ("chloe", "search", "internal_user", true), ("dmitri", "search", "internal_user", false),
    ("emre", "developers", "internal_user", true), ("fatima", "developers", "internal_user", false),
    ("grace", "developers", "internal_user", false), ("hiro", "developers", "internal_user", false),
    ("ines", "documents", "internal_user", true), ("jonas", "documents", "internal_user", false),
    ("kofi", "marketing", "internal_user", true), ("lea", "marketing", "internal_user_viewer", false),
    ("mateo", "research", "internal_user", true), ("nina", "research", "internal_user", false),
    ("omar", "data", "internal_user", true), ("priya", "data", "proxy_admin_viewer", false),
];

/// Customers of the support team's application.
#[rustfmt::skip]
const CUSTOMERS: [&str; 12] = [
    "alpine-bikes", "blue-bottle", "cedar-homes", "delta-air-freight", "evergreen-foods", "fjord-travel", "globex",
    "harbor-bank", "initech", "juniper-health", "kite-insurance", "lumen-energy",
];

/// A key: its hash, its name, whose it is.
pub struct Key {
    pub hash: String,
    pub alias: String,
    pub user: Option<&'static str>,
    pub team: usize,
    pub from: i64,
}

/// Everybody.
pub struct Company {
    pub keys: Vec<Key>,
    changes: Vec<(Author, Vec<Write>)>,
}

impl Company {
    /// Founds one that has worked for `days` until now.
    pub fn new(dice: &mut Dice, now: i64, days: u32) -> Self {
        let begin = now - i64::from(days) * DAY;
        let mut company = Company { keys: Vec::new(), changes: Vec::new() };
        company.found(begin);
        for (index, (user, team, role, manages)) in USERS.into_iter().enumerate() {
            company.hire(user, team, role, manages, begin + index as i64 * DAY / 4);
        }
        for index in 0..TEAMS.len() {
            company.issue(dice, index, begin, i64::from(days));
        }
        company
    }

    /// Who did what.
    pub fn changes(&self) -> Vec<(Author, Vec<Write>)> {
        self.changes.clone()
    }

    /// A team.
    pub fn team(&self, index: usize) -> &'static Team {
        &TEAMS[index]
    }

    /// A customer by number.
    pub fn customer(&self, number: usize) -> &'static str {
        CUSTOMERS[number % CUSTOMERS.len()]
    }

    fn found(&mut self, at: i64) {
        let mut writes = vec![
            write(Kind::Budget, "trial", json!({ "max_budget": 5.0, "budget_duration": "7d", "rpm_limit": 30 }), at),
            write(Kind::Budget, "seat", json!({ "max_budget": 20.0, "budget_duration": "1mo" }), at),
        ];
        writes.extend(ORGANIZATIONS.map(|(id, name, budget)| {
            let body = json!({ "organization_alias": name, "max_budget": budget, "budget_duration": "1mo" });
            write(Kind::Organization, id, body, at)
        }));
        for team in &TEAMS {
            let body = json!({
                "team_alias": team.name, "organization_id": team.organization, "max_budget": team.budget,
                "budget_duration": "1mo", "models": team.models,
                "team_member_permissions": ["/key/generate", "/key/update", "/key/list", "/key/info"],
            });
            writes.push(write(Kind::Team, team.id, body, at));
            let tag =
                |tag: &&str| write(Kind::Tag, tag, json!({ "description": format!("{} of {}", tag, team.name) }), at);
            writes.extend(team.tags.iter().map(tag));
        }
        for (number, customer) in CUSTOMERS.into_iter().enumerate() {
            let budget = (number % 3 == 0).then_some(1.5);
            let body = json!({ "alias": title(customer), "max_budget": budget, "budget_duration": budget.map(|_| "1mo"), "blocked": number == 8 });
            writes.push(write(Kind::Customer, customer, without_null(body), at));
        }
        self.note(None, writes);
    }

    fn hire(&mut self, user: &'static str, team: &'static str, role: &str, manages: bool, at: i64) {
        let name = title(user);
        let body = json!({ "user_email": format!("{user}@example.com"), "user_alias": name, "user_role": role, "budget_id": "seat" });
        let role = if manages { "admin" } else { "user" };
        let member = json!({ "team_id": team, "user_id": user, "role": role });
        let home = TEAMS.iter().find(|known| known.id == team).map_or("acme", |team| team.organization);
        let guest = json!({ "organization_id": home, "user_id": user, "user_role": "internal_user" });
        let writes = vec![
            write(Kind::User, user, body, at),
            write(Kind::Claim, &format!("user_email:{user}@example.com"), json!({ "of": user }), at),
            write(Kind::TeamMember, &format!("{team}/{user}"), member, at),
            write(Kind::OrganizationMember, &format!("{home}/{user}"), guest, at),
        ];
        self.note(None, writes);
    }

    /// The keys of a team: of its services, and of its people.
    fn issue(&mut self, dice: &mut Dice, index: usize, begin: i64, days: i64) {
        let team = &TEAMS[index];
        let services = team.tags.iter().map(|tag| (format!("{tag}-production"), None));
        let people = USERS.into_iter().filter(|(_, home, ..)| *home == team.id);
        let people = people.map(|(user, ..)| (format!("{user}-laptop"), Some(user)));
        for (alias, user) in services.chain(people).collect::<Vec<_>>() {
            let from = begin + (dice.unit() * days as f64 * 0.4) as i64 * DAY;
            // Nobody knows the key behind it: it never was one.
            let hash = hash_key(&dice.id());
            let budget = match user {
                Some(_) => Some(14.0),
                None => (dice.unit() < 0.5).then_some(team.budget * 0.6),
            };
            let expires = user.filter(|_| dice.unit() < 0.3).map(|_| begin + (days + 5) * DAY);
            let body = json!({
                "key_name": format!("sk-...{}", &dice.id()[..4]), "key_alias": alias, "team_id": team.id, "user_id": user,
                "models": if user.is_some() { &team.models[..1] } else { team.models },
                "max_budget": budget, "budget_duration": budget.map(|_| "1mo"), "rpm_limit": user.map(|_| 60),
                "expires": expires, "blocked": alias == "hiro-laptop", "metadata": { "tags": team.tags },
            });
            let author =
                USERS.into_iter().find(|(_, home, _, manages)| *home == team.id && *manages).map(|(user, ..)| user);
            let claim = write(Kind::Claim, &format!("key_alias:{alias}"), json!({ "of": hash }), from);
            self.note(author, vec![write(Kind::Key, &hash, without_null(body), from), claim]);
            self.keys.push(Key { hash, alias, user, team: index, from });
        }
    }

    fn note(&mut self, by: Option<&str>, writes: Vec<Write>) {
        self.changes.push((Author { changed_by: by.map(str::to_owned), ..Author::default() }, writes));
    }
}

fn write(kind: Kind, id: &str, mut body: Value, at: i64) -> Write {
    if kind != Kind::Claim {
        body["created_at"] = at.into();
        body["updated_at"] = at.into();
    }
    Write { kind, id: id.to_owned(), expect: Expect::Anything, body: Some(body.to_string()) }
}

fn without_null(body: Value) -> Value {
    match body {
        Value::Object(fields) => Value::Object(fields.into_iter().filter(|(_, value)| !value.is_null()).collect()),
        other => other,
    }
}

/// `blue-bottle` as people write it.
fn title(id: &str) -> String {
    let word = |word: &str| word[..1].to_uppercase() + &word[1..];
    id.split('-').map(word).collect::<Vec<_>>().join(" ")
}
