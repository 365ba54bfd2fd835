//! Models: what is served, and what administrators add to it while running. Whoever manages a team adds models of the
//! team's own; they may use nothing that is not theirs: no variable, no shared credential, no key that is there already,
//! and no way into networks that only the gateway reaches.

mod change;
mod info;
mod reach;

use serde_json::{Value, json};
use store::records::{Fields, Model};

pub use change::{CREATE_FORM, DELETE_FORM, UPDATE_FORM, block, create, delete, patch, unblock, update};
pub use info::{GROUPS_FORM, LIST_FORM, LIST_PAGES_FORM, groups, list, list_pages};

use super::moment;
use super::refusal::{Refusal, Result};
use super::visit::Visit;
use crate::config::{self, Added, without_secrets};
use crate::seal::Seal;

/// What secrets are sealed with before they are kept.
pub fn seal(visit: &Visit) -> Result<Seal> {
    let seal = visit.desk.live.management().seal.clone();
    seal.ok_or_else(|| Refusal::bad("Secrets cannot be kept without a key: set LITELLM_SALT_KEY, or a master key."))
}

/// Seals fields.
pub fn close(seal: &Seal, fields: &Fields) -> Result<String> {
    seal.close(&Value::Object(fields.clone()).to_string()).map_err(|why| {
        tracing::error!("a secret cannot be sealed: {why}");
        Refusal::internal()
    })
}

/// Opens sealed fields.
pub fn open(seal: &Seal, sealed: &str) -> Result<Fields> {
    config::open_sealed(Some(seal), sealed).map_err(|why| Refusal::bad(format!("It cannot be opened: {why}")))
}

/// A kept model as a row of the incumbent's table.
fn row(id: &str, model: &Model, params: &Fields) -> Value {
    let mut info = model.model_info.clone();
    info.insert("id".to_owned(), id.into());
    info.insert("db_model".to_owned(), true.into());
    json!({
        "model_id": id,
        "model_name": model.model_name,
        "litellm_params": without_secrets(params),
        "model_info": info,
        "blocked": model.blocked,
        "created_at": moment::shown(model.origin.created_at),
        "created_by": model.origin.created_by,
        "updated_at": moment::shown(model.origin.updated_at),
        "updated_by": model.origin.updated_by,
    })
}

/// Refuses what could not be served if `added` were there, or may not call whom it wants to, as far as `id` is
/// concerned.
async fn try_out(visit: &Visit, id: &str, added: Added) -> Result<()> {
    let live = visit.desk.live.clone();
    let loaded = tokio::task::spawn_blocking(move || live.try_out(&added)).await;
    let Some(loaded) = loaded.map_err(|_| Refusal::internal())? else { return Ok(()) };
    if let Some((_, why)) = loaded.left_out.into_iter().find(|(other, _)| other == id) {
        return Err(Refusal::bad_param("litellm_params", format!("This model cannot be served: {why}")));
    }
    let made = loaded.models.iter().filter(|shown| shown.id == id).filter_map(|shown| shown.deployment.as_deref());
    match visit.actor.is_admin() {
        true => Ok(()),
        false => made.into_iter().try_for_each(|made| reach::check(made, &loaded.management.team_hosts)),
    }
}

/// Serves what was just changed.
pub async fn serve(visit: &Visit) -> Result<()> {
    let served = crate::added::rebuild(visit.desk.live.clone()).await;
    served.map(drop).ok_or_else(Refusal::internal)
}
