//! Addresses that may call: those of the configuration, and those that are added while running.

use policy::Network;
use serde_json::json;
use store::Kind;

use super::form::{Field, Reads, Takes, required};
use super::models::serve;
use super::refusal::{Refusal, Result};
use super::rights::{Wish, may};
use super::visit::{Answer, Visit, answer};
use crate::config::ADDRESS;

const FIELDS: &[Field] = &[required("ip", Takes::Text)];

/// `GET /get/allowed_ips`
pub async fn list(visit: Visit) -> Answer {
    visit.read(|directory| may(&visit.actor, Wish::SeeAll, directory))?;
    let setup = visit.desk.live.setup();
    let allowed: Vec<String> = setup.doorway.addresses.allowed.iter().map(Network::to_string).collect();
    answer(json!({ "data": allowed }))
}

/// `POST /add/allowed_ip`
pub async fn add(visit: Visit) -> Answer {
    let network = named(&visit)?;
    visit
        .change(|draft| {
            may(draft.actor, Wish::ManageAll, draft.directory)?;
            draft.set(&format!("{ADDRESS}{network}"), &json!({}))
        })
        .await?;
    serve(&visit).await?;
    answer(json!({ "message": format!("IP {network} address added successfully"), "status": "success" }))
}

/// `POST /delete/allowed_ip`
pub async fn delete(visit: Visit) -> Answer {
    let network = named(&visit)?;
    visit
        .change(|draft| {
            may(draft.actor, Wish::ManageAll, draft.directory)?;
            let id = format!("{ADDRESS}{network}");
            if !draft.directory.others.contains_key(&(Kind::Setting, id.clone())) {
                let message =
                    format!("{network} was not added while running; those of the configuration are changed there.");
                return Err(Refusal::not_found("ip", message));
            }
            draft.unset(&id)
        })
        .await?;
    serve(&visit).await?;
    answer(json!({ "message": format!("IP {network} deleted successfully"), "status": "success" }))
}

/// What `add` and `delete` read.
pub const ADDRESS_FORM: Reads = Reads::Body(&[FIELDS]);

fn named(visit: &Visit) -> Result<Network> {
    let form = visit.form()?;
    let text = form.needed("ip");
    Network::parse(text).ok_or_else(|| {
        let shown: String = text.chars().take(40).collect();
        Refusal::bad_param("ip", format!("{shown:?} is neither an address nor a range of addresses"))
    })
}
