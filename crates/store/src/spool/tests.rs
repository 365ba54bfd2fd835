use std::fs;
use std::future::poll_fn;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Waker};

use proptest::prelude::*;
use tokio::task::yield_now;

use super::*;
use crate::entry::samples::{full, usual};
use crate::{Entry, Status};

/// Nothing is prepared: files have the names and the sizes that one expects.
const GROWING: Limits = Limits { prepared: 0, ..LIMITS };

/// A folder of a test's own, gone when dropped.
struct Dir(PathBuf);

impl Dir {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("lockgate-spool-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        Dir(std::env::temp_dir().join(name))
    }

    /// Names of all files, with those of their folders.
    fn files(&self) -> Vec<String> {
        let folders = fs::read_dir(&self.0).unwrap().map(|found| found.unwrap().path()).filter(|path| path.is_dir());
        let mut files: Vec<String> = folders
            .flat_map(|folder| fs::read_dir(folder).unwrap())
            .map(|found| found.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.ends_with(".log"))
            .collect();
        files.sort();
        files
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Writes an entry at once.
fn put(pen: &Pen, entry: &Entry) -> Mark {
    let mark = pen.jot(entry);
    pen.write();
    mark
}

fn sized(bytes: u64) -> Limits {
    Limits { bytes, ..GROWING }
}

fn ids(batch: &Batch) -> Vec<(&str, Status)> {
    batch.entries.iter().map(|entry| (&*entry.attempt_id, entry.status)).collect()
}

/// Reads and books everything; what was handed out, in order.
fn drain(reader: &mut Reader, most: usize) -> Vec<Entry> {
    let mut all = Vec::new();
    loop {
        let batch = reader.next(most).unwrap();
        reader.booked(&batch).unwrap();
        let more = batch.more;
        all.extend(batch.entries);
        if !more {
            return all;
        }
    }
}

#[test]
fn what_is_settled_is_handed_out_as_it_was_written() {
    let dir = Dir::new();
    let spool = Spool::open_within(&dir.0, GROWING).unwrap();
    let pen = spool.pen().unwrap();
    let mut reader = spool.reader();
    assert!(reader.next(100).unwrap().entries.is_empty());
    put(&pen, &full("a", Status::Open));
    assert!(reader.next(100).unwrap().entries.is_empty());
    put(&pen, &full("a", Status::Success));
    let other = spool.pen().unwrap();
    put(&other, &full("b", Status::Failure));
    let batch = reader.next(100).unwrap();
    assert_eq!(batch.entries, [full("a", Status::Success), full("b", Status::Failure)]);
    reader.booked(&batch).unwrap();
    assert!(reader.next(100).unwrap().entries.is_empty());
    assert_eq!(reader.waiting().unwrap(), 0);
    put(&pen, &full("c", Status::Open));
    assert!(reader.waiting().unwrap() > 0);
}

#[test]
fn a_rows_body_says_what_its_line_says_but_for_what_has_columns_and_what_it_counts_for() {
    let dir = Dir::new();
    let spool = Spool::open_within(&dir.0, GROWING).unwrap();
    let (pen, mut reader) = (spool.pen().unwrap(), spool.reader());
    let tricky = r#"{"text":",\"charges\":[,\"call_type\":"}"#.to_owned();
    let entries = [
        full("a", Status::Success),
        usual("b", Status::Failure),
        Entry { charges: Vec::new(), metadata: Some(tricky.clone()), ..full("c", Status::Success) },
        Entry { metadata: Some(tricky.clone()), session_id: Some(tricky), ..full("d", Status::Success) },
    ];
    entries.iter().for_each(|entry| drop(put(&pen, entry)));
    put(&pen, &Entry { ip: Some("\0".to_owned()), ..full("e", Status::Success) });
    let batch = reader.next(100).unwrap();
    let lines = batch.lines();
    for (line, entry) in lines.iter().zip(entries) {
        let body: Entry = serde_json::from_str(line.body.unwrap()).unwrap();
        let Entry { attempt_id, call_id, session_id, status, started_at, key, user_id, .. } = Entry::default();
        let Entry { team_id, organization_id, customer_id, model_group, model, cost, charges, .. } = Entry::default();
        let names = Entry { attempt_id, call_id, session_id, status, started_at, key, user_id, ..entry };
        let rest = Entry { team_id, organization_id, customer_id, model_group, model, cost, charges, ..names };
        assert_eq!(body, rest);
    }
    assert_eq!(lines[4].body, None, "what was changed is written anew");
}

#[test]
fn a_reader_takes_no_more_than_it_is_asked_to() {
    let dir = Dir::new();
    let spool = Spool::open_within(&dir.0, sized(3000)).unwrap();
    let pens = [spool.pen().unwrap(), spool.pen().unwrap()];
    for number in 0..50 {
        put(&pens[number % 2], &usual(&number.to_string(), Status::Success));
    }
    let mut reader = spool.reader();
    let first = reader.next(10).unwrap();
    assert_eq!((first.entries.len(), first.more), (10, true));
    reader.booked(&first).unwrap();
    assert_eq!(drain(&mut reader, 7).len(), 40);
}

#[test]
fn a_file_goes_when_everything_in_it_is_booked_and_nothing_in_it_is_open() {
    let dir = Dir::new();
    let spool = Spool::open_within(&dir.0, sized(1)).unwrap();
    let pen = spool.pen().unwrap();
    let mut reader = spool.reader();
    for (id, status) in [("a", Status::Open), ("b", Status::Open), ("b", Status::Success)] {
        put(&pen, &usual(id, status));
    }
    assert_eq!(dir.files().len(), 3);
    let batch = reader.next(100).unwrap();
    assert_eq!(dir.files().len(), 3, "not booked yet");
    reader.booked(&batch).unwrap();
    assert_eq!(dir.files().len(), 3, "a is open in the oldest file, and b would seem so without the last one");
    put(&pen, &usual("a", Status::Aborted));
    let batch = reader.next(100).unwrap();
    assert_eq!(ids(&batch), [("a", Status::Aborted)]);
    reader.booked(&batch).unwrap();
    assert_eq!(dir.files(), ["000-00000004.log"], "the one that is written stays");
}

#[test]
fn a_file_that_is_old_goes_although_nobody_writes_any_more() {
    let dir = Dir::new();
    let spool = Spool::open_within(&dir.0, Limits { age: Duration::ZERO, ..GROWING }).unwrap();
    let pen = spool.pen().unwrap();
    put(&pen, &usual("a", Status::Success));
    let mut reader = spool.reader();
    while dir.files() != ["000-00000002.log"] {
        drain(&mut reader, 10);
    }
}

#[test]
fn what_a_dead_process_left_open_is_interrupted() {
    let dir = Dir::new();
    let spool = Spool::open_within(&dir.0, sized(1500)).unwrap();
    let pen = spool.pen().unwrap();
    for id in ["a", "b", "c"] {
        put(&pen, &usual(id, Status::Open));
    }
    put(&pen, &usual("b", Status::Success));
    assert!(orphans(&dir.0).unwrap().is_empty(), "it lives");
    drop((pen, spool));
    let mut found = orphans(&dir.0).unwrap();
    assert!(orphans(&dir.0).unwrap().is_empty(), "somebody has taken it over");
    let all = drain(&mut found[0], 2);
    let mut ids: Vec<_> = all.iter().map(|entry| (&*entry.attempt_id, entry.status)).collect();
    assert_eq!(ids.remove(0), ("b", Status::Success));
    ids.sort_by_key(|(id, _)| *id);
    assert_eq!(ids, [("a", Status::Interrupted), ("c", Status::Interrupted)]);
    assert_eq!(all[1], Entry { status: Status::Interrupted, ..usual(&all[1].attempt_id, Status::Open) });
    assert!(found[0].remove().unwrap());
    assert_eq!(fs::read_dir(&dir.0).unwrap().count(), 1, "the lock of the spool");
}

#[test]
fn a_folder_that_was_not_booked_is_found_again_in_full() {
    let dir = Dir::new();
    let spool = Spool::open_within(&dir.0, GROWING).unwrap();
    let pen = spool.pen().unwrap();
    put(&pen, &usual("a", Status::Open));
    put(&pen, &usual("b", Status::Success));
    drop((pen, spool));
    for _ in 0..2 {
        let mut found = orphans(&dir.0).unwrap();
        assert_eq!(ids(&found[0].next(10).unwrap()), [("b", Status::Success)]);
        assert!(!found[0].remove().unwrap());
    }
}

#[test]
fn a_process_that_ends_in_order_leaves_nothing() {
    let dir = Dir::new();
    let spool = Spool::open_within(&dir.0, GROWING).unwrap();
    let pen = spool.pen().unwrap();
    let mut reader = spool.reader();
    put(&pen, &usual("a", Status::Success));
    drop(pen);
    reader.close();
    assert_eq!(drain(&mut reader, 10).len(), 1);
    assert!(reader.remove().unwrap());
    assert!(dir.files().is_empty());
    drop(spool);
    assert!(orphans(&dir.0).unwrap().is_empty());
}

#[test]
fn a_line_behind_a_torn_one_is_read_and_one_that_is_not_understood_is_set_aside() {
    let dir = Dir::new();
    let spool = Spool::open_within(&dir.0, GROWING).unwrap();
    let pen = spool.pen().unwrap();
    put(&pen, &usual("a", Status::Success));
    let path = spool.folder.path().join("000-00000001.log");
    let mut text = fs::read(&path).unwrap();
    let strange = br#"{"attempt_id":"s","status":"sold"}"#;
    text.extend_from_slice(&text.clone()[..50]);
    text.extend_from_slice(format!("\n{:08x} ", crc32fast::hash(strange)).as_bytes());
    text.extend_from_slice(strange);
    text.push(b'\n');
    fs::write(&path, text).unwrap();
    put(&pen, &usual("b", Status::Success));
    let batch = spool.reader().next(10).unwrap();
    assert_eq!(ids(&batch), [("a", Status::Success), ("b", Status::Success)]);
    assert_eq!((batch.torn, batch.unreadable.len()), (1, 1));
    assert!(batch.unreadable[0].1.contains("sold"), "{}", batch.unreadable[0].1);
}

#[test]
fn what_was_open_and_is_not_understood_is_set_aside_when_its_process_is_dead() {
    let dir = Dir::new();
    let spool = Spool::open_within(&dir.0, GROWING).unwrap();
    let pen = spool.pen().unwrap();
    pen.jot(&usual("a", Status::Open));
    pen.write();
    let path = spool.folder.path().join("000-00000001.log");
    let strange = br#"{"attempt_id":"s","call_id":"","status":"open","stream":"perhaps"}"#;
    let mut text = fs::read(&path).unwrap();
    text.extend_from_slice(format!("{:08x} ", crc32fast::hash(strange)).as_bytes());
    text.extend_from_slice(strange);
    text.push(b'\n');
    fs::write(&path, text).unwrap();
    drop((pen, spool));
    let mut found = orphans(&dir.0).unwrap();
    let batch = found[0].next(10).unwrap();
    assert_eq!((ids(&batch), batch.unreadable.len()), (vec![("a", Status::Interrupted)], 1));
    found[0].booked(&batch).unwrap();
    assert!(found[0].remove().unwrap());
}

#[test]
fn a_line_that_is_only_partly_there_is_waited_for() {
    let dir = Dir::new();
    let spool = Spool::open_within(&dir.0, GROWING).unwrap();
    let pen = spool.pen().unwrap();
    put(&pen, &usual("a", Status::Success));
    put(&pen, &usual("b", Status::Success));
    let path = spool.folder.path().join("000-00000001.log");
    let text = fs::read(&path).unwrap();
    fs::write(&path, &text[..text.len() - 20]).unwrap();
    let mut reader = spool.reader();
    assert_eq!(ids(&reader.next(10).unwrap()), [("a", Status::Success)]);
    fs::write(&path, &text).unwrap();
    assert_eq!(ids(&reader.next(10).unwrap()), [("b", Status::Success)]);
}

#[test]
fn files_that_were_prepared_are_read_while_they_are_written_and_taken_over_like_all_others() {
    let dir = Dir::new();
    let spool = Spool::open_within(&dir.0, Limits { prepared: 100_000, bytes: 100_000, ..LIMITS }).unwrap();
    let pen = spool.pen().unwrap();
    let mut reader = spool.reader();
    let mut number = 0;
    let mut next = || {
        number += 1;
        usual(&number.to_string(), Status::Success)
    };
    while pen.grows() {
        let entry = next();
        put(&pen, &entry);
        assert_eq!(drain(&mut reader, 10), [entry]);
    }
    assert_eq!(reader.waiting().unwrap(), 0, "what is only prepared is nothing that waits");
    let settled = next();
    put(&pen, &settled);
    assert!(reader.waiting().unwrap() > 0);
    assert_eq!(drain(&mut reader, 10), [settled]);
    let file = spool.path().join(dir.files().last().unwrap());
    assert_eq!(fs::metadata(file).unwrap().len(), 100_000, "it does not grow");
    let full: Vec<Entry> = (0..400).map(|_| next()).collect();
    full.iter().for_each(|entry| drop(put(&pen, entry)));
    assert_eq!(drain(&mut reader, 30), full, "over the ends of files");
    let left = next();
    put(&pen, &left);
    drop((pen, spool, reader));
    let mut found = orphans(&dir.0).unwrap();
    assert!(drain(&mut found[0], 10).ends_with(&[left]));
    assert!(found[0].remove().unwrap());
}

#[test]
fn what_is_written_where_zeros_were_read_ahead_is_read_before_anything_is_interrupted() {
    let dir = Dir::new();
    let spool = Spool::open_within(&dir.0, Limits { prepared: 100_000, bytes: 100_000, ..LIMITS }).unwrap();
    let (pen, mut reader) = (spool.pen().unwrap(), spool.reader());
    while pen.grows() {
        put(&pen, &usual("before", Status::Success));
        drain(&mut reader, 10);
    }
    put(&pen, &usual("first", Status::Success));
    put(&pen, &usual("second", Status::Open));
    let first = reader.next(1).unwrap();
    assert_eq!((ids(&first), first.more), (vec![("first", Status::Success)], true));
    reader.booked(&first).unwrap();
    let settled = usual("second", Status::Success);
    put(&pen, &settled);
    reader.close();
    assert_eq!(drain(&mut reader, 10), [settled]);
}

#[test]
fn half_a_line_in_a_prepared_file_counts_once_as_torn_when_its_process_is_dead() {
    let dir = Dir::new();
    let folder = dir.0.join("1-1");
    fs::create_dir_all(&folder).unwrap();
    let line = [line(&usual("a", Status::Success)).unwrap(), b"\n".to_vec()].concat();
    fs::write(page::path(&folder, 0, 1), [&*line, &line[..40], &[0; 30_000]].concat()).unwrap();
    let mut found = orphans(&dir.0).unwrap();
    let (first, second) = (found[0].next(10).unwrap(), found[0].next(10).unwrap());
    assert_eq!((ids(&first), first.torn + second.torn), (vec![("a", Status::Success)], 1));
    found[0].booked(&first).unwrap();
    assert!(found[0].remove().unwrap());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]
    #[test]
    fn any_prefix_gives_back_exactly_the_whole_lines(
        entries in prop::collection::vec((any::<bool>(), "\\PC{0,12}", any::<Option<u32>>()), 1..5)
    ) {
        let dir = Dir::new();
        let entries: Vec<Entry> = entries.into_iter().enumerate().map(|(number, (failed, text, tokens))| Entry {
            user_id: Some(text),
            usage: types::Usage { input: tokens.map(u64::from), ..Default::default() },
            status: if failed { Status::Failure } else { Status::Success },
            attempt_id: number.to_string(),
            ..Entry::default()
        }).collect();
        let mut text = Vec::new();
        let mut ends = Vec::new();
        for entry in &entries {
            let mut one = Vec::new();
            line::write(entry, &mut one).unwrap();
            text.extend(one);
            ends.push(text.len());
        }
        let folder = dir.0.join("1-1");
        for cut in 0..=text.len() {
            fs::create_dir_all(&folder).unwrap();
            // As it is in a file that was prepared.
            let zeros = vec![0; if cut % 2 == 0 { 0 } else { 10_000 }];
            fs::write(page::path(&folder, 0, 1), [&text[..cut], &*zeros].concat()).unwrap();
            let mut found = orphans(&dir.0).unwrap();
            let whole = ends.iter().filter(|end| **end <= cut).count();
            prop_assert_eq!(drain(&mut found[0], 3), &entries[..whole]);
            prop_assert!(found[0].remove().unwrap());
        }
    }
}

#[tokio::test]
async fn what_was_waited_for_is_on_the_disk_and_many_wait_together() {
    let dir = Dir::new();
    let spool = Spool::open_within(&dir.0, sized(100_000)).unwrap();
    let pens = [spool.pen().unwrap(), spool.pen().unwrap()];
    let mut waiting = Vec::new();
    for number in 0..1000 {
        let pen = &pens[number % 2];
        let mark = put(pen, &usual(&number.to_string(), Status::Success));
        // Some do not wait to the end.
        match number % 7 {
            0 => drop(Box::pin(async move { pen.durable(&mark).await })),
            _ => waiting.push(Box::pin(async move { pen.durable(&mark).await })),
        }
    }
    join_all(waiting).await;
    let mark = put(&pens[0], &usual("last", Status::Success));
    assert!(mark.waits_for().is_some());
    pens[0].durable(&mark).await;
    assert!(mark.waits_for().is_none());
    pens[0].durable(&mark).await;
    assert!(pens[0].is_healthy());
}

/// Polls all of them until they are done, as the calls of a worker are.
async fn join_all(mut futures: Vec<Pin<Box<impl Future<Output = ()>>>>) {
    poll_fn(|cx| {
        futures.retain_mut(|future| future.as_mut().poll(cx).is_pending());
        if futures.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

#[tokio::test]
async fn lines_gather_until_their_thread_has_nothing_else_to_do() {
    let dir = Dir::new();
    let spool = Spool::open_within(&dir.0, GROWING).unwrap();
    let pen = spool.pen().unwrap();
    let lines = |name: &str| fs::read_to_string(spool.reader().path().join(name)).unwrap().lines().count();
    let marks: Vec<Mark> = (0..10).map(|number| pen.jot(&usual(&number.to_string(), Status::Success))).collect();
    assert_eq!(lines("000-00000001.log"), 0);
    pen.written(&marks[3]).await;
    assert_eq!(lines("000-00000001.log"), 10, "whoever waits first writes for all");
    pen.jot(&usual("last", Status::Open));
    drop(pen);
    assert_eq!(lines("000-00000001.log"), 11, "nothing is left behind");
}

/// What a future says when it is asked once.
async fn poll_once(future: &mut Pin<Box<impl Future<Output = ()>>>) -> Poll<()> {
    poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await
}

#[tokio::test]
async fn whoever_is_asked_again_at_once_waits_for_the_others_all_the_same() {
    let dir = Dir::new();
    let spool = Spool::open_within(&dir.0, GROWING).unwrap();
    let pen = spool.pen().unwrap();
    let first = pen.jot(&usual("first", Status::Success));
    let mut waiting = Box::pin(pen.written(&first));
    for _ in 0..3 {
        assert!(poll_once(&mut waiting).await.is_pending() && !first.is_written());
    }
    let second = pen.jot(&usual("second", Status::Success));
    yield_now().await;
    assert!(poll_once(&mut waiting).await.is_ready() && first.is_written() && second.is_written());
}

#[tokio::test]
async fn whoever_asks_the_disk_for_all_may_leave_and_the_others_ask_themselves() {
    let dir = Dir::new();
    let spool = Spool::open_within(&dir.0, GROWING).unwrap();
    let pen = spool.pen().unwrap();
    let mark = put(&pen, &usual("a", Status::Success));
    let mut waiting = [Box::pin(pen.durable(&mark)), Box::pin(pen.durable(&mark))];
    let mut cx = Context::from_waker(Waker::noop());
    waiting.iter_mut().for_each(|one| _ = one.as_mut().poll(&mut cx));
    let [leader, other] = waiting;
    drop(leader);
    other.await;
    assert!(mark.waits_for().is_none());
}

#[tokio::test]
async fn whoever_reads_is_woken_by_what_is_settled() {
    let dir = Dir::new();
    let spool = Arc::new(Spool::open_within(&dir.0, GROWING).unwrap());
    let pen = spool.pen().unwrap();
    put(&pen, &usual("a", Status::Open));
    put(&pen, &usual("a", Status::Success));
    spool.written().await;
    assert_eq!(spool.reader().next(10).unwrap().entries.len(), 1);
}

#[tokio::test]
async fn lines_that_the_disk_refuses_are_kept_until_it_takes_them() {
    let dir = Dir::new();
    let spool = Spool::open_within(&dir.0, GROWING).unwrap();
    let pen = spool.pen().unwrap();
    let good = pen.replace_page(page::Page::full());
    let mark = put(&pen, &usual("a", Status::Success));
    assert!(!pen.is_healthy());
    assert!(spool.trouble().is_some_and(|trouble| trouble.contains("space")));
    pen.durable(&mark).await;
    put(&pen, &usual("b", Status::Success));
    pen.replace_page(good);
    // Nobody writes any more: the syncer does it by itself.
    while !pen.is_healthy() {
        std::thread::yield_now();
    }
    assert_eq!(ids(&spool.reader().next(10).unwrap()), [("a", Status::Success), ("b", Status::Success)]);
    assert_eq!((spool.lost(), spool.trouble()), (0, None));
}

#[tokio::test]
async fn a_file_that_the_disk_failed_to_take_is_not_written_any_more() {
    let dir = Dir::new();
    let spool = Spool::open_within(&dir.0, GROWING).unwrap();
    let pen = spool.pen().unwrap();
    // A pipe takes everything, and cannot be brought to a disk.
    let (_end, page) = page::Page::pipe();
    pen.replace_page(page);
    let mark = put(&pen, &usual("a", Status::Success));
    pen.durable(&mark).await;
    while !pen.is_healthy() {
        std::thread::yield_now();
    }
    let mark = put(&pen, &usual("b", Status::Success));
    pen.durable(&mark).await;
    assert!(pen.is_healthy());
    assert_eq!(dir.files().len(), 2);
}
