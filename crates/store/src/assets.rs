//! Files and batches that callers have at providers: whose they are, and where.

use types::Usd;

use crate::clock::{SPEND, tick};
use crate::db::{Db, Filter, Row, Tx, values};
use crate::ledger::hold;
use crate::{Entry, Result};

/// The state of a batch that is not paid for yet.
pub(crate) const OPEN: &str = "open";
/// That of one that is.
const SETTLED: &str = "settled";

/// Something that a caller has at a provider.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asset {
    /// What the caller calls it.
    pub id: String,
    /// `file` or `batch`.
    pub kind: String,
    /// Hash of the key of whoever made it; empty of the master key's.
    pub owner: String,
    /// The deployment that has it.
    pub deployment_id: String,
    /// What the provider calls it.
    pub upstream_id: String,
    /// When it was made, milliseconds since 1970.
    pub created_at: i64,
    /// Of a batch: `open` until it is paid for, then `settled`.
    pub state: String,
    /// What is shown of it: JSON.
    pub shown: String,
    /// Who pays for it: JSON.
    pub payer: String,
    /// Of a file: what a batch of it costs at worst, if that is known. Of a batch: what is held for it until it is settled,
    /// which counts as spent by whoever has a budget that pays for it.
    pub held: Option<Usd>,
}

/// What is kept, and the change of the sums with which something is held for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The file or batch.
    pub asset: Asset,
    /// The change, if there is one.
    pub tick: Option<i64>,
}

const COLUMNS: &str = "id, kind, owner, deployment_id, upstream_id, created_at, state, shown, payer, held";

/// Keeps one; returns what is kept of the same thing already, if something is.
pub(crate) async fn keep(db: &Db, asset: &Asset) -> Result<Kept> {
    let Asset { id, kind, owner, deployment_id, upstream_id, created_at, state, shown, payer, held } = asset;
    let mut tx = db.begin().await?;
    let sql = format!(
        "INSERT INTO lockgate_assets ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        ON CONFLICT (deployment_id, kind, upstream_id) DO NOTHING"
    );
    let names = values![&**id, &**kind, &**owner, &**deployment_id, &**upstream_id];
    let more = values![*created_at, &**state, &**shown, &**payer, held.map(Usd::nanos)];
    let is_new = tx.run(sql, names.into_iter().chain(more).collect()).await? > 0;
    let tick = match held.filter(|_| is_new && state == OPEN) {
        Some(held) => Some(count(&mut tx, payer, held).await?),
        None => None,
    };
    let sql =
        format!("SELECT {COLUMNS} FROM lockgate_assets WHERE deployment_id = $1 AND kind = $2 AND upstream_id = $3");
    let rows = tx.rows(sql, values![&**deployment_id, &**kind, &**upstream_id]).await?;
    tx.commit().await?;
    let asset = rows.first().map_or_else(|| Ok(asset.clone()), read)?;
    Ok(Kept { asset, tick })
}

/// Counts `amount` as spent by those whose budgets pay; the change of the sums.
async fn count(tx: &mut Tx, payer: &str, amount: Usd) -> Result<i64> {
    let payer: Entry = serde_json::from_str(payer).unwrap_or_default();
    let tick = tick(tx, SPEND).await?;
    hold(tx, tick, &payer.charges, amount).await?;
    Ok(tick)
}

/// The one with this id.
pub(crate) async fn find(db: &Db, id: &str) -> Result<Option<Asset>> {
    let sql = format!("SELECT {COLUMNS} FROM lockgate_assets WHERE id = $1");
    db.rows(sql, values![id]).await?.first().map(read).transpose()
}

/// Those of a kind, newest first: of `owner`, if one is named, and made before `before`; `most` of them.
pub(crate) async fn list(
    db: &Db,
    kind: &str,
    owner: Option<&str>,
    before: Option<(i64, &str)>,
    most: i64,
) -> Result<Vec<Asset>> {
    let mut filter = Filter::default();
    filter.and("kind = {}", kind);
    filter.and_if("owner = {}", owner);
    if let Some((at, id)) = before {
        let (at, again, id) = (filter.value(at), filter.value(at), filter.value(id));
        filter.and_plain(&format!("created_at < {at} OR created_at = {again} AND id < {id}"));
    }
    let most = filter.value(most);
    let sql =
        format!("SELECT {COLUMNS} FROM lockgate_assets{} ORDER BY created_at DESC, id DESC LIMIT {most}", filter.sql());
    db.rows(sql, filter.into_values()).await?.iter().map(read).collect()
}

/// Batches that are not paid for yet, oldest first: `most` of them behind the first `skip`.
pub(crate) async fn open(db: &Db, skip: i64, most: i64) -> Result<Vec<Asset>> {
    let sql =
        format!("SELECT {COLUMNS} FROM lockgate_assets WHERE state = $1 ORDER BY created_at, id LIMIT $2 OFFSET $3");
    db.rows(sql, values![OPEN, most, skip]).await?.iter().map(read).collect()
}

/// Changes what is shown of one, and its state; what is settled does not become open again. For what is settled nothing is held any more.
pub(crate) async fn change(db: &Db, id: &str, state: &str, shown: &str) -> Result<()> {
    let mut tx = db.begin().await?;
    if state == SETTLED {
        let rows = tx.rows("SELECT payer, held FROM lockgate_assets WHERE id = $1", values![id]).await?;
        let known = rows.first().map(|row| Ok::<_, crate::Problem>((row.text(0)?, row.maybe_int(1)?))).transpose()?;
        if let Some((payer, Some(held))) = known {
            // Whoever else settles it at the same time waits here, and finds nothing held.
            let sql = "UPDATE lockgate_assets SET held = NULL WHERE id = $1 AND held = $2";
            if tx.run(sql, values![id, held]).await? > 0 {
                count(&mut tx, &payer, Usd::ZERO - Usd::from_nanos(held)).await?;
            }
        }
    }
    // Who heard of it before somebody else settled it must not open it again.
    let sql = "UPDATE lockgate_assets SET state = $2, shown = $3 WHERE id = $1 AND (state <> $4 OR $5 = $6)";
    tx.run(sql, values![id, state, shown, SETTLED, state, SETTLED]).await?;
    tx.commit().await
}

/// Forgets one.
pub(crate) async fn forget(db: &Db, id: &str) -> Result<()> {
    let mut tx = db.begin().await?;
    tx.run("DELETE FROM lockgate_assets WHERE id = $1", values![id]).await?;
    tx.commit().await
}

fn read(row: &Row) -> Result<Asset> {
    Ok(Asset {
        id: row.text(0)?,
        kind: row.text(1)?,
        owner: row.text(2)?,
        deployment_id: row.text(3)?,
        upstream_id: row.text(4)?,
        created_at: row.int(5)?,
        state: row.text(6)?,
        shown: row.text(7)?,
        payer: row.text(8)?,
        held: row.maybe_int(9)?.map(Usd::from_nanos),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Charge, Store, StoreUrl};

    #[tokio::test]
    async fn things_are_found_listed_changed_and_forgotten() {
        let store = Store::new(&StoreUrl::Memory);
        store.migrate().await.unwrap();
        let asset = |number: i64, owner: &str, kind: &str| Asset {
            id: format!("{kind}-{number}"),
            kind: kind.to_owned(),
            owner: owner.to_owned(),
            deployment_id: "d".to_owned(),
            upstream_id: format!("up-{number}"),
            created_at: number / 2,
            state: if kind == "batch" { OPEN } else { "" }.to_owned(),
            ..Asset::default()
        };
        for number in 0..6 {
            store.keep_asset(&asset(number, if number % 2 == 0 { "a" } else { "b" }, "file")).await.unwrap();
        }
        let again = Asset { id: "other".to_owned(), ..asset(3, "b", "file") };
        assert_eq!(store.keep_asset(&again).await.unwrap().asset.id, "file-3", "it is there once");
        let ids = |assets: Vec<Asset>| assets.into_iter().map(|asset| asset.id).collect::<Vec<_>>();
        assert_eq!(ids(store.assets("file", Some("a"), None, 9).await.unwrap()), ["file-4", "file-2", "file-0"]);
        let page = store.assets("file", None, Some((1, "file-3")), 2).await.unwrap();
        assert_eq!(ids(page), ["file-2", "file-1"]);
        store.keep_asset(&asset(7, "a", "batch")).await.unwrap();
        assert_eq!(ids(store.open_batches(0, 9).await.unwrap()), ["batch-7"]);
        store.change_asset("batch-7", "settled", "{}").await.unwrap();
        assert!(store.open_batches(0, 9).await.unwrap().is_empty());
        store.forget_asset("file-3").await.unwrap();
        assert_eq!(store.asset("file-3").await.unwrap(), None);
        assert_eq!(store.asset("batch-7").await.unwrap().unwrap().shown, "{}");
    }

    #[tokio::test]
    async fn what_is_held_for_a_batch_counts_as_spent_until_it_is_settled() {
        let store = Store::new(&StoreUrl::Memory);
        store.migrate().await.unwrap();
        let charge = |subject: &str| Charge { subject: subject.to_owned(), period: "total".to_owned() };
        let payer = Entry { charges: vec![charge("key:a"), charge("team:t")], ..Entry::default() };
        let asset = Asset {
            id: "batch-1".to_owned(),
            kind: "batch".to_owned(),
            state: OPEN.to_owned(),
            payer: serde_json::to_string(&payer).unwrap(),
            held: Some(Usd::from_nanos(500)),
            ..Asset::default()
        };
        let spent = async || {
            let sums = store.spend(0).await.unwrap().sums;
            sums.into_iter().map(|sum| (sum.subject, sum.spend.nanos())).collect::<Vec<_>>()
        };
        let both = |nanos| vec![("key:a".to_owned(), nanos), ("team:t".to_owned(), nanos)];
        for _ in 0..2 {
            store.keep_asset(&asset).await.unwrap();
            assert_eq!(spent().await, both(500), "held once");
        }
        store.change_asset("batch-1", OPEN, "{}").await.unwrap();
        assert_eq!(spent().await, both(500));
        for _ in 0..2 {
            store.change_asset("batch-1", SETTLED, "{}").await.unwrap();
            assert_eq!(spent().await, both(0), "given back once");
        }
        assert_eq!(store.asset("batch-1").await.unwrap().unwrap().held, None);
        store.change_asset("batch-1", OPEN, "late").await.unwrap();
        let settled = store.asset("batch-1").await.unwrap().unwrap();
        assert_eq!((&*settled.state, &*settled.shown), (SETTLED, "{}"), "what is settled stays so");
    }
}
