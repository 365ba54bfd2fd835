//! The kinds of alerts, as `alert_types` and `alert_to_webhook_url` name them: the incumbent's names where it has one.

/// A kind of alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlertKind {
    /// Budgets, before and when they are spent.
    Budgets,
    /// Deployments whose answers take long.
    Slow,
    /// Deployments whose calls fail, and when that is over.
    Outages,
    /// Deployments that get no calls any more, and when they do again.
    Down,
    /// What calls cost does not reach the database.
    LedgerLag,
    /// The database is away.
    Database,
    /// Somebody fails to sign in again and again.
    FailedLogins,
    /// Keys that end soon, and those that have ended.
    KeyExpiry,
    /// Keys that run in circles.
    Loops,
    /// A model is called that never was before.
    NewModels,
    /// What a day has cost.
    Daily,
    /// What a week has cost.
    Weekly,
}

impl AlertKind {
    /// All of them.
    pub const ALL: [AlertKind; 12] = [
        AlertKind::Budgets,
        AlertKind::Slow,
        AlertKind::Outages,
        AlertKind::Down,
        AlertKind::LedgerLag,
        AlertKind::Database,
        AlertKind::FailedLogins,
        AlertKind::KeyExpiry,
        AlertKind::Loops,
        AlertKind::NewModels,
        AlertKind::Daily,
        AlertKind::Weekly,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            AlertKind::Budgets => "budget_alerts",
            AlertKind::Slow => "llm_too_slow",
            AlertKind::Outages => "outage_alerts",
            AlertKind::Down => "cooldown_deployment",
            AlertKind::LedgerLag => "failed_tracking_spend",
            AlertKind::Database => "db_exceptions",
            AlertKind::FailedLogins => "failed_logins",
            AlertKind::KeyExpiry => "key_expiry",
            AlertKind::Loops => "loop_alerts",
            AlertKind::NewModels => "new_model_added",
            AlertKind::Daily => "daily_reports",
            AlertKind::Weekly => "spend_reports",
        }
    }

    /// The kind with this name.
    pub fn find(name: &str) -> Option<Self> {
        AlertKind::ALL.into_iter().find(|kind| kind.name() == name)
    }
}
