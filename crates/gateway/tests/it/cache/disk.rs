//! Answers in a folder outlive the process.

use serde_json::json;

use super::{config, said};
use crate::backs::mock;
use crate::callers::Front;
use crate::gateway::{Folder, Gateway};
use crate::manage::{MASTER, Person};
use crate::sinks::ear::until;

#[tokio::test]
async fn a_new_process_gives_what_an_old_one_has_kept() {
    let (provider, folder) = (mock("").await, Folder::new());
    let terms = format!("type: disk, disk_cache_dir: '{}'", folder.path().display());
    let config = config(&provider, &terms);
    let open = async || {
        let gateway = Gateway::start(&config).await;
        until(async || {
            let stats = Person::of(&gateway, MASTER).see("/cache/stats").await;
            (stats["is_there"] == json!(true)).then_some(())
        })
        .await;
        gateway
    };
    let ask = async |gateway: &Gateway, stream: bool| {
        Person::of(gateway, MASTER).send(&Front::Chat.call("demo", "hello", stream)).await
    };
    let gateway = open().await;
    let (whole, streamed) = (ask(&gateway, false).await, ask(&gateway, true).await);
    assert_eq!([said(&whole), said(&streamed)], ["miss"; 2]);
    let kept = || {
        let shards = std::fs::read_dir(folder.path().join("lockgate-answers")).unwrap().flatten();
        shards.filter_map(|shard| std::fs::read_dir(shard.path()).ok()).flatten().count()
    };
    until(async || (kept() == 2).then_some(())).await;
    drop(gateway);
    let gateway = open().await;
    for (stream, first) in [(false, &whole), (true, &streamed)] {
        let again = ask(&gateway, stream).await;
        assert_eq!((said(&again), again.text()), ("hit", first.text()));
    }
    assert_eq!(provider.requests().len(), 2);
    let master = Person::of(&gateway, MASTER);
    assert_eq!(master.see("/cache/ping").await["cache_type"], "disk");
    assert_eq!(master.done("POST", "/cache/flushall", json!({})).await["deleted"], 2);
    assert_eq!(kept(), 0);
    assert_eq!(said(&ask(&gateway, false).await), "miss");
}
