use super::*;
use crate::{Store, StoreUrl};

/// The plan of SQLite for a question, line by line.
async fn plan(db: &Db, (sql, values): (String, Vec<Value>)) -> String {
    let rows = db.rows(format!("EXPLAIN QUERY PLAN {sql}"), values).await.unwrap();
    rows.iter().map(|row| row.text(3).unwrap()).collect::<Vec<_>>().join("; ")
}

fn named(change: impl FnOnce(&mut LogFilter)) -> LogFilter {
    let mut filter = LogFilter::default();
    change(&mut filter);
    filter
}

/// How a slice is bounded, and how it is read: without these indexes a page would take as long as the table is large.
#[tokio::test]
async fn every_search_goes_along_an_index() {
    let store = Store::new(&StoreUrl::Memory);
    store.migrate().await.unwrap();
    let some = || Some("x".to_owned());
    let cases = [
        (LogFilter::default(), "started"),
        (named(|filter| filter.key = some()), "key"),
        (named(|filter| filter.user_id = some()), "user"),
        (named(|filter| filter.team_id = some()), "team"),
        (named(|filter| filter.organization_id = some()), "organization"),
        (named(|filter| filter.customer_id = some()), "customer"),
        (named(|filter| filter.model_group = some()), "group"),
        (named(|filter| filter.session_id = some()), "session"),
        (named(|filter| filter.failed = true), "failed"),
        (named(|filter| filter.model = some()), "started"),
        (named(|filter| (filter.tag, filter.text) = (some(), some())), "started"),
        (named(|filter| (filter.key, filter.failed, filter.tag) = (some(), true, some())), "key"),
        (named(|filter| (filter.team_id, filter.within) = (some(), Some(vec![Owner::User("x".to_owned())]))), "team"),
        (named(|filter| filter.within = Some(vec![Owner::User("x".to_owned())])), "user"),
    ];
    for (filter, index) in cases {
        let ways = ways(&filter);
        let search = Search { after: None, skip: 0, most: 50, oldest_first: false, patience: Duration::ZERO };
        let slices = Slices::new(&store.db, &filter, &ways[0], &search);
        let edge = plan(&store.db, slices.edge(Slice { from: i64::MIN, to: 9 })).await;
        let bounded = plan(&store.db, slices.edge(Slice { from: 1, to: 9 })).await;
        let page = plan(&store.db, slices.page(&Slice { from: 1, to: 9 }, 0, 50)).await;
        let name = format!("INDEX lockgate_ledger_{index} ");
        for plan in [&edge, &bounded, &page] {
            assert!(plan.contains(&name) && !plan.contains("SCAN"), "{filter:?}: {plan}");
        }
        let sorts = edge.contains("TEMP B-TREE");
        assert!(edge.contains("COVERING") && !sorts || index == "session", "{filter:?}: {edge}");
        // Of rows that were sent in one moment some are sorted; never all of a slice.
        assert!(
            !page.contains("FOR ORDER BY") || page.contains("LAST TERM OF ORDER BY") || index == "session",
            "{page}"
        );
    }
    let filter = named(|filter| filter.request_id = some());
    let search = Search { after: None, skip: 0, most: 50, oldest_first: false, patience: Duration::ZERO };
    let mut slices = Slices::new(&store.db, &filter, &None, &search);
    let slice = slices.next().await.unwrap().unwrap();
    let page = plan(&store.db, slices.page(&slice, 0, 50)).await;
    assert!(page.contains("MULTI-INDEX OR") && slices.rest().is_none(), "{page}");
    let after = plan(
        &store.db,
        (
            "SELECT booked_at FROM lockgate_ledger WHERE booked_at >= $1 AND booked_at < $2
        ORDER BY booked_at LIMIT 1 OFFSET $3"
                .to_owned(),
            vec![1.into(), 2.into(), 3.into()],
        ),
    )
    .await;
    assert!(after.contains("COVERING INDEX lockgate_ledger_booked"), "{after}");
}
