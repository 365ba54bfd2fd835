//! Keys that run in circles, as this replica has seen them: how, and letting them call again.

use serde_json::json;

use super::form::{Field, Reads, Takes, required};
use super::keys::{find, id_of};
use super::moment;
use super::rights::{Wish, may};
use super::visit::{Answer, Visit, answer};
use crate::books::unix_ms;

const KEY: &[Field] = &[required("key", Takes::Text)];

/// `GET /loops`
pub async fn list(visit: Visit) -> Answer {
    let trips = visit.desk.live.meters.loops.trips(unix_ms());
    let rows = visit.read(|directory| {
        may(&visit.actor, Wish::SeeAll, directory)?;
        let rows = trips.iter().map(|(id, trip)| {
            let key = directory.keys.get(id).map(|held| &held.record);
            json!({
                "token": id,
                "key_alias": key.and_then(|key| key.key_alias.clone()),
                "key_name": key.map(|key| key.key_name.clone()),
                "user_id": key.and_then(|key| key.user_id.clone()),
                "team_id": key.and_then(|key| key.team_id.clone()),
                "cause": trip.cause.name(),
                "action": trip.breaking.name(),
                "calls": trip.calls,
                "limit": trip.limit,
                "since": moment::shown(trip.since_ms),
                "last": moment::shown(trip.last_ms),
                "blocked_until": moment::shown_or_null(trip.blocked_until_ms),
            })
        });
        Ok(rows.collect::<Vec<_>>())
    })?;
    answer(json!({ "data": rows }))
}

/// What `release` reads.
pub const RELEASE_FORM: Reads = Reads::Body(&[KEY]);

/// `POST /loops/release`
pub async fn release(visit: Visit) -> Answer {
    let form = visit.form()?;
    let key = form.needed("key");
    visit.read(|directory| {
        may(&visit.actor, Wish::ManageAll, directory)?;
        find(directory, key).map(|_| ())
    })?;
    let released = visit.desk.live.meters.loops.release(&id_of(key), unix_ms());
    answer(json!({ "released": released }))
}
