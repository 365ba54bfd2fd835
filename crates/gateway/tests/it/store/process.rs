//! The real gateway before a Postgres that refuses: everything, or one row alone.

use std::fs;

use serde_json::json;
use store::reports::{ActivityFilter, LogFilter, Order};
use store::{Store, StoreUrl};
use tokio::time::timeout;

use crate::gateway::{Gateway, PATIENCE};
use crate::money::Shop;
use crate::servers::{Postgres, Server, query};

/// What a call costs here.
const COST: i64 = 1_000_000;

async fn shop(server: &Server) -> (Shop, String) {
    let prices = "input_cost_per_token: 0, output_cost_per_token: 0.0001";
    let shop = Shop::open_with("chunks=10", prices, "", &[("DATABASE_URL", &server.url)]).await;
    let key = shop.key(json!({ "max_budget": 1_000 })).await;
    (shop, key)
}

/// Waits until as many calls are booked, with what they cost.
async fn until_booked(server: &Server, calls: i64) {
    let store = Store::new(&StoreUrl::parse(&server.url).expect("it is an address"));
    let booked = timeout(PATIENCE, async {
        while store.count_logs(&LogFilter::default(), i64::MAX).await != Ok(calls) {
            tokio::task::yield_now().await;
        }
    });
    booked.await.expect("all is booked soon");
    let all = store.activity(&ActivityFilter::default(), &[], Order::Names, 1).await.expect("it can be read");
    assert_eq!((all[0].metrics.requests, all[0].metrics.spend.nanos()), (calls, calls * COST));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_refuses_to_write_for_a_while_costs_no_call() {
    let server = Postgres::start();
    let (shop, key) = shop(&server).await;
    let call = shop.chat(&key, json!({}));
    let ask = async |times| {
        for _ in 0..times {
            let answer = shop.gateway.call(&call).await;
            assert_eq!(answer.status(), 200, "{}", answer.text());
        }
    };
    ask(10).await;
    until_booked(&server, 10).await;
    query(&server, "ALTER SYSTEM SET default_transaction_read_only = on");
    query(&server, "SELECT pg_reload_conf()");
    ask(20).await;
    shop.gateway.logged("cannot be booked").await;
    ask(20).await;
    query(&server, "ALTER SYSTEM RESET default_transaction_read_only");
    query(&server, "SELECT pg_reload_conf()");
    ask(5).await;
    until_booked(&server, 55).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_the_database_does_not_take_is_set_aside_and_the_others_are_booked() {
    let server = Postgres::start();
    let (shop, key) = shop(&server).await;
    query(&server, "ALTER TABLE lockgate_ledger ADD CONSTRAINT odd CHECK (customer_id <> 'poison')");
    for customer in ["fine", "poison", "fine too"] {
        let answer = shop.gateway.call(&shop.chat(&key, json!({ "user": customer }))).await;
        assert_eq!(answer.status(), 200, "{}", answer.text());
    }
    until_booked(&server, 2).await;
    shop.gateway.logged("cannot be booked and is set aside").await;
    let folder = shop.gateway.kill().await;
    let (rejected, again) = (folder.path().join("spool/rejected"), folder.path().join("spool/1-1"));
    let lines = fs::read_to_string(&rejected).expect("there is a file");
    assert!(lines.contains("poison") && lines.lines().count() == 1, "{lines}");

    // Once the reason is gone, it is booked again as docs/ledger.md says.
    query(&server, "ALTER TABLE lockgate_ledger DROP CONSTRAINT odd");
    fs::create_dir(&again).expect("a folder can be made");
    fs::rename(&rejected, again.join("000-00000001.log")).expect("a file can be moved");
    let flags = ["--config", "config.yaml", "--host", "127.0.0.1"];
    let _risen = Gateway::spawn(folder, &flags, &[("DATABASE_URL", &server.url)]).await;
    until_booked(&server, 3).await;
}
