//! `general_settings`: who may call, and how much may come in.

use std::path::PathBuf;

use engine::{Access, ClientParams, Intake, SessionBounds};
use http::HeaderName;
use jiff::tz::TimeZone;
use types::{Operation, Secret};

use super::environ::{Env, unset};
use super::report::{Notes, Place};
use super::section::Section;
use super::spending;
use crate::books::Retention;

/// The variable that holds the master key if the file does not.
const MASTER_KEY: &str = "LITELLM_MASTER_KEY";

/// The variable that holds what opens the UI in the place of the master key.
const UI_PASSWORD: &str = "UI_PASSWORD";

/// Keys from public examples, and what people type first.
#[rustfmt::skip]
const PUBLIC_KEYS: [&str; 16] = [
    "1234", "admin", "changeme", "litellm", "master", "my-secret-key", "password", "secret", "sk-12345", "sk-123456",
    "sk-1234", "sk-master", "sk-my-master-key", "sk-test", "sk-xxx", "sk-your-master-key",
];

/// Shortest key that is not called short.
const SHORT: usize = 16;

/// Bytes in a megabyte, as the incumbent counts.
const MEGABYTE: f64 = 1_048_576.0;

/// The variable that holds the address of the database if the file does not.
const DATABASE_URL: &str = "DATABASE_URL";

/// Where keys and spend are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keeping {
    /// Address of the database; `none` for none.
    pub url: Option<String>,
    /// Folder for the database and what has not reached it yet.
    pub dir: Option<PathBuf>,
    /// Time zone in which the days and months of budgets begin.
    pub zone: Option<TimeZone>,
    /// How long rows of the ledger are kept, and what was said in calls.
    pub retention: Retention,
    /// Address of the Redis by way of which replicas share limits and budgets, with its password.
    pub redis: Option<store::coordination::Site>,
}

/// Where keys and spend are kept.
pub fn keeping(general: &Section, library: &Section, router: &Section, env: &Env, notes: &mut Notes) -> Keeping {
    if let Some((variable, place)) = general.variable("database_url") {
        let message = format!("{}: keys and spend are kept in a SQLite file", unset(variable));
        notes.warn(place, &general.at("database_url"), message, "export it, or remove the line");
    }
    Keeping {
        url: general.text("database_url").map(str::to_owned).or_else(|| env.get(DATABASE_URL)),
        dir: general.text("data_dir").map(PathBuf::from),
        zone: zone(library, notes),
        retention: Retention {
            rows: spending::span(general, "maximum_spend_logs_retention_period", notes),
            contents: spending::span(general, "store_prompts_retention_period", notes),
            responses: spending::span(general, "stored_responses_retention_period", notes),
            most_responses: general.text("max_stored_responses").and_then(|text| text.parse().ok()),
        },
        redis: super::redis::read(general, router, env, notes),
    }
}

fn zone(library: &Section, notes: &mut Notes) -> Option<TimeZone> {
    let name = library.text("timezone")?;
    let zone = TimeZone::get(name);
    if zone.is_err() {
        let message = format!("{name} is not a time zone");
        notes.error(library.place("timezone"), &library.at("timezone"), message, "write e.g. timezone: Europe/Berlin");
    }
    zone.ok()
}

/// Who may call.
pub fn access(general: &Section, env: &Env, notes: &mut Notes) -> Access {
    Access {
        master_key: master_key(general, env, notes),
        key_header: key_header(general, notes),
        ui_password: env.get(UI_PASSWORD).map(Secret::new),
        tokens: None,
    }
}

/// What callers may say about the provider themselves.
pub fn client_params(general: &Section) -> ClientParams {
    ClientParams { allow_all: general.flag("allow_client_side_credentials").unwrap_or(false) }
}

/// Bounds on what comes in.
pub fn intake(general: &Section) -> Intake {
    let usual = Intake::default();
    let bytes = |name: &str| general.decimal(name).map(|megabytes| (megabytes.to_f64() * MEGABYTE) as usize);
    Intake {
        max_body_bytes: bytes("max_request_size_mb").unwrap_or(usual.max_body_bytes),
        max_answer_bytes: bytes("max_response_size_mb").unwrap_or(usual.max_answer_bytes),
        keeps_responses: general.flag("store_responses").unwrap_or(usual.keeps_responses),
    }
}

/// Models that calls go to whatever they name.
pub fn forced_models(general: &Section) -> Vec<(Operation, String)> {
    const KEYS: [(&str, &[Operation]); 4] = [
        ("completion_model", &[Operation::Chat, Operation::Completion]),
        ("embedding_model", &[Operation::Embedding]),
        ("image_generation_model", &[Operation::Image]),
        ("moderation_model", &[Operation::Moderation]),
    ];
    let forced = |(key, operations): (&str, &'static [Operation])| {
        let model = general.text(key)?.to_owned();
        Some(operations.iter().map(move |operation| (*operation, model.clone())))
    };
    KEYS.into_iter().filter_map(forced).flatten().collect()
}

/// Bounds on realtime sessions.
pub fn sessions(general: &Section) -> SessionBounds {
    let usual = SessionBounds::default();
    let bytes = general.decimal("realtime_max_message_mb").map(|megabytes| (megabytes.to_f64() * MEGABYTE) as usize);
    SessionBounds {
        message_bytes: bytes.unwrap_or(usual.message_bytes),
        idle: general.seconds("realtime_idle_timeout").unwrap_or(usual.idle),
        total: general.seconds("realtime_session_timeout").unwrap_or(usual.total),
    }
}

fn master_key(general: &Section, env: &Env, notes: &mut Notes) -> Option<Secret> {
    let path = general.at("master_key");
    if let Some((variable, place)) = general.variable("master_key") {
        // Going on without a key would open what the operator wanted closed.
        let message = format!("{}: without a master key anybody could call", unset(variable));
        notes.error(place, &path, message, format!("export {variable}=... with a long random text"));
        return None;
    }
    let key = general.text("master_key").map(str::to_owned).or_else(|| env.get(MASTER_KEY));
    let place = general.place("master_key");
    let Some(key) = key else {
        let message = "there is no master key: anybody who reaches the port can call";
        notes.warn(place, &path, message, format!("set it here or in {MASTER_KEY}"));
        return None;
    };
    warn_of_weakness(key.trim(), place, &path, notes);
    Some(Secret::new(key.trim()))
}

fn warn_of_weakness(key: &str, place: Place, path: &str, notes: &mut Notes) {
    let why = match key {
        _ if PUBLIC_KEYS.contains(&key) => "is a well-known example",
        _ if key.len() < SHORT => "is short enough to be guessed",
        _ => return,
    };
    let message = format!("the master key {why}: whoever tries it may do everything");
    notes.warn(place, path, message, "use a long random text, e.g. from: openssl rand -hex 24");
}

fn key_header(general: &Section, notes: &mut Notes) -> Option<String> {
    let name = general.text("litellm_key_header_name")?;
    match HeaderName::from_bytes(name.as_bytes()) {
        Ok(name) => Some(name.as_str().to_owned()),
        Err(_) => {
            let (place, path) = (general.place("litellm_key_header_name"), general.at("litellm_key_header_name"));
            notes.error(place, &path, "not the name of a header", "write e.g. litellm_key_header_name: x-my-key");
            None
        }
    }
}

#[cfg(test)]
mod tests;
