use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use jiff::tz::TimeZone;
use policy::Span;
use store::reports::LogFilter;
use store::{Adjustment, Change, Charge, Entry, NewSum, Said, Status, StoreUrl};
use types::Usd;

use super::*;

/// A folder of a test's own, gone when dropped.
struct Dir(PathBuf);

impl Dir {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("lockgate-books-{}-{}", std::process::id(), NEXT.fetch_add(1, Relaxed));
        let dir = std::env::temp_dir().join(name);
        fs::create_dir_all(&dir).unwrap();
        Dir(dir)
    }

    fn place(&self) -> Place {
        Place {
            url: StoreUrl::file(&self.0.join("data/lockgate.db")),
            spool: self.0.join("spool"),
            shown: String::new(),
        }
    }

    /// Lets the database be, or be away.
    fn has_database(&self, there: bool) {
        match there {
            true => fs::create_dir_all(self.0.join("data")).unwrap(),
            false => fs::remove_dir_all(self.0.join("data")).unwrap(),
        }
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn meters() -> Arc<Meters> {
    Arc::new(Meters::new(TimeZone::UTC))
}

fn books(place: &Place) -> (Arc<Books>, Arc<Meters>) {
    let meters = meters();
    (Arc::new(Books::new(place, Retention::default(), meters.clone(), None).unwrap()), meters)
}

fn entry(id: &str, status: Status, user: &str) -> Entry {
    Entry {
        attempt_id: id.to_owned(),
        status,
        user_id: Some(user.to_owned()),
        cost: Some(Usd::from_nanos(5)),
        ..Entry::default()
    }
}

fn spent(meters: &Meters, subject: &str) -> i64 {
    meters.spent(subject, None, 0).nanos()
}

/// Waits until the meters have learnt that `subject` spent `nanos`.
async fn until_spent(meters: &Meters, subject: &str, nanos: i64) {
    timeout(Duration::from_secs(20), async {
        while spent(meters, subject) != nanos {
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap_or_else(|_| panic!("{subject} has spent {}", spent(meters, subject)));
}

fn folders(spool: &Path) -> usize {
    fs::read_dir(spool).unwrap().filter(|found| found.as_ref().unwrap().path().is_dir()).count()
}

#[tokio::test]
async fn what_is_written_is_booked_and_told_to_the_meters() {
    let dir = Dir::new();
    dir.has_database(true);
    let (books, meters) = books(&dir.place());
    tokio::spawn(books.clone().keep());
    books.opened().await.unwrap();
    let pen = books.pen().unwrap();
    pen.jot(&entry("a", Status::Open, "ada"));
    pen.jot(&entry("a", Status::Success, "ada"));
    pen.jot(&entry("b", Status::Success, "ada"));
    pen.write();
    until_spent(&meters, "user:ada", 10).await;
}

#[tokio::test]
async fn what_the_meters_counted_themselves_is_not_told_to_them_again() {
    let dir = Dir::new();
    dir.has_database(true);
    let (books, meters) = books(&dir.place());
    tokio::spawn(books.clone().keep());
    books.opened().await.unwrap();
    let charges = vec![Charge { subject: "user:ada".to_owned(), period: "total".to_owned() }];
    books.pen().unwrap().jot(&Entry { charges, ..entry("a", Status::Success, "ada") });
    until_spent(&meters, "gateway", 5).await;
    assert_eq!(spent(&meters, "user:ada"), 0, "a purse has it");
    let reset =
        Adjustment { subject: "user:ada".to_owned(), period: "total".to_owned(), spend: NewSum::Exactly(Usd::ZERO) };
    books.registry.write(Change { adjustments: vec![reset], ..Change::default() }).await.unwrap();
    until_spent(&meters, "user:ada", -5).await;
}

#[tokio::test]
async fn a_database_that_comes_late_gets_everything() {
    let dir = Dir::new();
    let (books, meters) = books(&dir.place());
    let pen = books.pen().unwrap();
    tokio::spawn(books.clone().keep());
    pen.jot(&entry("a", Status::Success, "ada"));
    pen.write();
    let mut opened = books.opened.subscribe();
    opened.changed().await.unwrap();
    assert!(opened.borrow_and_update().is_err());
    assert!(!books.registry.is_current());
    dir.has_database(true);
    until_spent(&meters, "user:ada", 5).await;
    books.opened().await.unwrap();
}

#[tokio::test]
async fn what_a_dead_process_left_is_known_when_the_books_are_open() {
    let dir = Dir::new();
    dir.has_database(true);
    let dead = Spool::open(&dir.place().spool).unwrap();
    let pen = dead.pen().unwrap();
    pen.jot(&entry("a", Status::Open, "ada"));
    for number in 0..2500 {
        pen.jot(&entry(&number.to_string(), Status::Success, "bob"));
    }
    drop((pen, dead));
    let (books, meters) = books(&dir.place());
    tokio::spawn(books.clone().keep());
    books.opened().await.unwrap();
    assert_eq!((spent(&meters, "user:ada"), spent(&meters, "user:bob")), (5, 12_500));
    assert_eq!(folders(&dir.place().spool), 1, "only our own is left");
}

#[tokio::test]
async fn what_cannot_be_read_keeps_nobody_from_the_books() {
    let dir = Dir::new();
    dir.has_database(true);
    let dead = Spool::open(&dir.place().spool).unwrap();
    dead.pen().unwrap().jot(&entry("a", Status::Success, "ada"));
    drop(dead);
    // Not a file, whatever it is called.
    let odd = dir.place().spool.join("9-9/000-00000001.log");
    fs::create_dir_all(&odd).unwrap();
    let (books, meters) = books(&dir.place());
    tokio::spawn(books.clone().keep());
    books.opened().await.unwrap();
    assert_eq!(spent(&meters, "user:ada"), 5);
    assert!(odd.exists(), "it is left to people");
}

#[tokio::test]
async fn an_end_in_order_leaves_nothing_in_the_spool() {
    let dir = Dir::new();
    dir.has_database(true);
    let (one, _) = books(&dir.place());
    tokio::spawn(one.clone().keep());
    one.opened().await.unwrap();
    one.pen().unwrap().jot(&entry("a", Status::Success, "ada"));
    one.close().await;
    assert_eq!(folders(&dir.place().spool), 0);
    let (two, meters) = books(&dir.place());
    tokio::spawn(two.clone().keep());
    two.opened().await.unwrap();
    assert_eq!(spent(&meters, "user:ada"), 5);
}

#[tokio::test]
async fn what_cannot_be_booked_at_the_end_is_there_at_the_next_start() {
    let dir = Dir::new();
    let (one, _) = books(&dir.place());
    let pen = one.pen().unwrap();
    pen.jot(&entry("a", Status::Success, "ada"));
    drop(pen);
    one.close().await;
    drop(one);
    dir.has_database(true);
    let (two, meters) = books(&dir.place());
    tokio::spawn(two.clone().keep());
    two.opened().await.unwrap();
    assert_eq!(spent(&meters, "user:ada"), 5);
}

#[tokio::test]
async fn a_line_that_nobody_understands_is_set_aside() {
    let dir = Dir::new();
    dir.has_database(true);
    let place = dir.place();
    let dead = Spool::open(&place.spool).unwrap();
    dead.pen().unwrap().jot(&entry("a", Status::Success, "ada"));
    let mut files = fs::read_dir(&place.spool).unwrap().map(|found| found.unwrap().path().join("000-00000001.log"));
    let file = files.find(|path| path.exists()).unwrap();
    // The checksum of `7`, which is whole, but no entry.
    fs::write(&file, [fs::read(&file).unwrap(), b"6abf4a82 7\n".to_vec()].concat()).unwrap();
    drop(dead);
    let (books, meters) = books(&place);
    tokio::spawn(books.clone().keep());
    books.opened().await.unwrap();
    assert_eq!(spent(&meters, "user:ada"), 5);
    assert_eq!(fs::read_to_string(place.spool.join("rejected")).unwrap(), "6abf4a82 7\n");
}

#[tokio::test]
async fn rows_are_kept_for_as_long_as_the_operator_says_and_their_spend_for_ever() {
    let store = Store::new(&StoreUrl::Memory);
    store.migrate().await.unwrap();
    let charges = vec![Charge { subject: "key:x".to_owned(), period: "1h@0".to_owned() }];
    let entries: Vec<Entry> = (0..2500)
        .map(|number| Entry { charges: charges.clone(), ..entry(&number.to_string(), Status::Success, "ada") })
        .collect();
    store.book(&entries).await.unwrap();
    let all = LogFilter::default();
    let later = unix_ms() + 31 * 86_400_000;
    let rows = |text: &str| Retention { rows: Span::parse(text), ..Retention::default() };
    retention::sweep(&store, &Retention::default(), later).await.unwrap();
    retention::sweep(&store, &rows("60d"), later).await.unwrap();
    assert_eq!(store.count_logs(&all, 9999).await.unwrap(), 2500);
    retention::sweep(&store, &rows("30d"), later).await.unwrap();
    assert_eq!(store.count_logs(&all, 9999).await.unwrap(), 0);
    let sums = store.spend(0).await.unwrap().sums;
    assert!(sums.iter().all(|sum| sum.period == "total" && sum.spend.nanos() == 12_500), "{sums:?}");
}

#[tokio::test]
async fn what_was_said_goes_before_the_rows_of_its_calls_and_never_after() {
    let store = Store::new(&StoreUrl::Memory);
    store.migrate().await.unwrap();
    let (day, now) = (86_400_000, 1_795_842_320_847);
    let said = |days: i64| Said {
        attempt_id: days.to_string(),
        received_at: now - days * day,
        request: "{}".to_owned(),
        ..Said::default()
    };
    store.keep_contents(&[said(1), said(5), said(20), said(40)]).await.unwrap();
    let kept = async |rows: Option<&str>, contents: Option<&str>| {
        let (rows, contents) = (rows.and_then(Span::parse), contents.and_then(Span::parse));
        retention::sweep(&store, &Retention { rows, contents, ..Retention::default() }, now).await.unwrap();
        let mut kept = Vec::new();
        for days in [1, 5, 20, 40] {
            kept.extend(store.content(&format!("{days}")).await.unwrap().map(|_| days));
        }
        kept
    };
    assert_eq!(kept(None, None).await, [1, 5, 20, 40]);
    assert_eq!(kept(Some("30d"), None).await, [1, 5, 20]);
    assert_eq!(kept(Some("10d"), Some("60d")).await, [1, 5]);
    assert_eq!(kept(Some("10d"), Some("2d")).await, [1]);
    assert_eq!(kept(None, Some("1h")).await, [0; 0]);
}
