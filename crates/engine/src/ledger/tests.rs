use std::fs;

use store::Status;
use store::spool::Spool;

use super::*;

#[tokio::test]
async fn a_line_that_nobody_waits_for_is_written_all_the_same() {
    let dir = std::env::temp_dir().join(format!("lockgate-ledger-{}", std::process::id()));
    let spool = Spool::open(&dir).unwrap();
    let pen = Rc::new(spool.pen().unwrap());
    let mut reader = spool.reader();
    let entry = Entry { attempt_id: "a".to_owned(), status: Status::Aborted, ..Entry::default() };
    drop(pen.settle(&entry));
    assert_eq!(reader.next(10).unwrap().entries.len(), 1);
    let _ = fs::remove_dir_all(&dir);
}
