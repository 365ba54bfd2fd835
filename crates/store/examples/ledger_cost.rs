//! What the ledger costs: writing a line, waiting for the disk, booking. Run it with
//! `cargo run --release -p store --example ledger_cost`.

#![allow(clippy::print_stdout, clippy::unwrap_used)]

use std::path::PathBuf;
use std::time::{Duration, Instant};

use store::spool::Spool;
use store::{Charge, Entry, Status, Store, StoreUrl};
use types::{Usage, Usd};

const ENTRIES: u32 = 10_000;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let dir = std::env::temp_dir().join(format!("lockgate-cost-{}", std::process::id()));
    let entries: Vec<Entry> = (0..ENTRIES).map(entry).collect();

    let spool = Spool::open(&dir.join("spool")).unwrap();
    let pen = spool.pen().unwrap();
    each("write a line", || entries.iter().for_each(|entry| drop(pen.jot(entry))));

    let mut reader = spool.reader();
    each("read a line", || while reader.next(1000).unwrap().more {});

    let begun = Instant::now();
    for entry in &entries[..100] {
        pen.durable(&pen.jot(entry)).await;
    }
    println!("wait for the disk, alone: {:?}", begun.elapsed() / 100);

    let store = Store::new(&StoreUrl::file(&dir.join("lockgate.db")));
    store.migrate().await.unwrap();
    for again in ["", " again"] {
        let begun = (cpu(), Instant::now());
        for batch in entries.chunks(1000) {
            store.book(batch).await.unwrap();
        }
        println!("book{again}: {:?} of CPU, {:?} in all", (cpu() - begun.0) / ENTRIES, begun.1.elapsed() / ENTRIES);
    }
    std::fs::remove_dir_all(&dir).unwrap();
}

fn each(what: &str, run: impl FnOnce()) {
    let begun = cpu();
    run();
    println!("{what}: {:?} of CPU", (cpu() - begun) / ENTRIES);
}

/// Time that this process has had on a CPU: the machine may be busy with other things.
fn cpu() -> Duration {
    let threads = std::fs::read_dir("/proc/self/task").unwrap().map(|thread| thread.unwrap().path().join("schedstat"));
    let nanos =
        |stat: PathBuf| std::fs::read_to_string(stat).unwrap().split(' ').next().unwrap().parse::<u64>().unwrap();
    Duration::from_nanos(threads.map(nanos).sum())
}

fn entry(number: u32) -> Entry {
    Entry {
        attempt_id: format!("0193a2b4-{number:08x}-7c11"),
        call_id: format!("5d0f1c6e-{number:08x}"),
        status: Status::Success,
        started_at: 1_793_491_200_000 + i64::from(number),
        first_token_at: Some(1_793_491_200_250),
        ended_at: Some(1_793_491_201_000),
        call_type: "acompletion".to_owned(),
        stream: true,
        key: format!("{:064x}", number % 50),
        key_alias: Some("production".to_owned()),
        user_id: Some(format!("user-{}", number % 20)),
        team_id: Some(format!("team-{}", number % 5)),
        organization_id: Some("acme".to_owned()),
        model_group: "gpt-4o".to_owned(),
        model: "openai/gpt-4o-2024-11-20".to_owned(),
        provider: "openai".to_owned(),
        deployment_id: "d-0123456789abcdef".to_owned(),
        api_base: "https://api.openai.com/v1".to_owned(),
        usage: Usage { input: Some(1200), cache_read: Some(1000), output: Some(300), ..Usage::default() },
        cost: Some(Usd::from_nanos(1_234_567)),
        ip: Some("192.0.2.1".to_owned()),
        charges: vec![Charge { subject: format!("team:team-{}", number % 5), period: "30d@1793491200".to_owned() }],
        ..Entry::default()
    }
}
