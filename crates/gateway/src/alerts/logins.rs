//! Alerts about those who fail to sign in again and again.

use std::net::IpAddr;
use std::sync::Arc;

use serde_json::json;

use super::alert::{Alert, Level, fields};
use crate::books::unix_ms;
use crate::config::AlertKind;
use crate::live::Live;

/// How long nothing more is told of such people, milliseconds: an attack is one alert.
const QUIET: i64 = 300_000;

/// Somebody at `ip` failed too often to sign in, and waits now; `user` is whose name they gave, if that is somebody's. What
/// else they gave is not told: it may be a password.
pub fn failed(live: &Arc<Live>, ip: IpAddr, user: Option<String>) {
    if !live.management().alerts.wants(AlertKind::FailedLogins) {
        return;
    }
    let live = live.clone();
    // Whoever signs in does not wait for it.
    tokio::spawn(async move {
        let now = unix_ms();
        live.teller.once(&live, "failed_logins", now + QUIET, now, || alert(ip, user)).await;
    });
}

fn alert(ip: IpAddr, user: Option<String>) -> Alert {
    let alert = Alert::new(AlertKind::FailedLogins, "failed_logins", "gateway", Level::Grave);
    let whose = user.as_ref().map_or_else(String::new, |user| format!(" as {user}"));
    let message = format!("Somebody at {ip} failed again and again to sign in{whose}, and has to wait now");
    let mut alert = alert.saying("Failed sign-ins", message);
    alert = alert.knowing([("Address", Some(ip.to_string())), ("User", user.clone())]);
    alert.fields = fields(json!({ "ip": ip.to_string(), "user_id": user }));
    alert
}
