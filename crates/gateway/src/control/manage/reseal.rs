//! A new key for what is sealed: credentials, parameters of models and paths that are passed on are sealed anew, so that the former salt key, or
//! the master key, can go.

use serde_json::{Value, json};
use store::records::{Credential, Model, PassThrough, Record};
use store::{Directory, Held};

use super::draft::Draft;
use super::models::{close, open, seal, serve};
use super::refusal::Result;
use super::rights::{Wish, may};
use super::visit::{Answer, Visit, answer};
use crate::seal::Seal;

/// A record with something sealed in it.
trait Sealed: Record + Clone + 'static {
    fn sealed(&mut self) -> &mut String;
}

impl Sealed for Credential {
    fn sealed(&mut self) -> &mut String {
        &mut self.values
    }
}

impl Sealed for Model {
    fn sealed(&mut self) -> &mut String {
        &mut self.params
    }
}

impl Sealed for PassThrough {
    fn sealed(&mut self) -> &mut String {
        &mut self.params
    }
}

/// `POST /credentials/migrate-encryption`: seals what a former key sealed with the one of now.
pub async fn migrate(visit: Visit) -> Answer {
    let seal = seal(&visit)?;
    let done = visit
        .change(|draft| {
            may(draft.actor, Wish::ManageAll, draft.directory)?;
            let credentials = reseal::<Credential>(draft, &seal)?;
            Ok([credentials, reseal::<Model>(draft, &seal)?, reseal::<PassThrough>(draft, &seal)?])
        })
        .await?;
    serve(&visit).await?;
    let [credentials, models, passages] = done;
    answer(json!({
        "status": "success", "credentials_migrated": credentials, "models_migrated": models,
        "pass_through_endpoints_migrated": passages,
    }))
}

fn reseal<T: Sealed>(draft: &mut Draft, seal: &Seal) -> Result<usize> {
    let former: Vec<(&String, &Held<T>)> = former(draft.directory, seal).collect();
    for (id, held) in &former {
        let mut record = T::clone(&held.record);
        let fields = open(seal, record.sealed())?;
        *record.sealed() = close(seal, &fields)?;
        draft.replace(id, held, &record)?;
    }
    Ok(former.len())
}

fn former<'d, T: Sealed>(directory: &'d Directory, seal: &Seal) -> impl Iterator<Item = (&'d String, &'d Held<T>)> {
    T::all(directory).iter().filter(|(_, held)| seal.is_former(T::clone(&held.record).sealed()))
}

/// `GET /credentials/migrate-encryption/check`: what still is under a former key, and what nobody can open.
pub async fn check(visit: Visit) -> Answer {
    let seal = seal(&visit)?;
    let shown = visit.read(|directory| {
        may(&visit.actor, Wish::SeeAll, directory)?;
        Ok(json!({
            "credentials": state::<Credential>(directory, &seal),
            "models": state::<Model>(directory, &seal),
            "pass_through_endpoints": state::<PassThrough>(directory, &seal),
        }))
    })?;
    answer(shown)
}

fn state<T: Sealed>(directory: &Directory, seal: &Seal) -> Value {
    let unreadable = T::all(directory).values().filter(|held| seal.open(T::clone(&held.record).sealed()).is_err());
    json!({
        "total": T::all(directory).len(),
        "to_migrate": former::<T>(directory, seal).count(),
        "unreadable": unreadable.count(),
    })
}
