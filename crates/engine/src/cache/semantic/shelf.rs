//! What is known of questions, beside the answers: where others and later processes find it too. A Redis that compares
//! vectors is asked for those nearest to one. Elsewhere all that may be answered alike lies in one piece, which whoever adds to
//! it writes anew; what two write at the same time, one of them writes in vain.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use policy::vectors::Unit;
use store::cache::{Depot, Question, Unknown};

use super::super::key::{CacheKey, Guard};

/// What the form of a piece is called: what another version wrote is not read.
const FORM: u8 = 1;
/// Most questions in a piece, and most bytes.
const MOST_ROWS: usize = 256;
const MOST_BYTES: usize = 1 << 20;

/// Where that is.
#[derive(Clone)]
pub struct Shelf {
    depot: Arc<Depot>,
    /// What it is called there.
    name: String,
    /// Most questions of the set.
    most: usize,
}

/// A question that was answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Where its answer is kept.
    pub key: CacheKey,
    /// Until when.
    pub until_ms: i64,
    /// The question.
    pub text: String,
    /// Its vector.
    pub values: Vec<f32>,
}

impl Shelf {
    /// The place for questions of this guard, `most` at most where there is room for as many.
    pub fn new(depot: Arc<Depot>, namespace: &str, guard: &Guard, most: usize) -> Self {
        let digits: String = guard.0.iter().map(|byte| format!("{byte:02x}")).collect();
        let space = if namespace.is_empty() { String::new() } else { format!("{namespace}:") };
        Shelf { depot, name: format!("{space}{digits}"), most }
    }

    /// Whether it finds those nearest to a vector itself; else it has [`Shelf::rows`].
    pub fn compares(&self) -> bool {
        self.depot.has_vectors()
    }

    fn piece(&self) -> String {
        format!("{}:questions", self.name)
    }

    fn set(&self) -> String {
        format!("{}:vectors", self.name)
    }

    /// Whether there are any to compare with.
    pub async fn has_any(&self) -> bool {
        self.depot.has_questions(&self.set()).await
    }

    /// Those that are at least so much alike; none if they are not known in time.
    pub async fn near(&self, unit: &Unit, threshold: f32, now_ms: i64) -> Vec<Row> {
        let found = self.depot.nearest_questions(&self.set(), unit.values(), threshold, now_ms).await;
        let row = |Question { key, text, until_ms, values }| {
            Some(Row { key: CacheKey::parse(&key)?, until_ms, text, values })
        };
        found.into_iter().filter_map(row).collect()
    }

    /// What lies in the piece.
    pub async fn rows(&self, now_ms: i64) -> Result<Vec<Row>, Unknown> {
        Ok(self.depot.get(&self.piece()).await?.map(|piece| read(piece, now_ms)).unwrap_or_default())
    }

    /// Adds a question, some time soon.
    pub async fn add(&self, row: Row, now_ms: i64) {
        if self.compares() {
            let Row { key, until_ms, text, values } = row;
            let question = Question { key: key.to_string(), text, until_ms, values };
            return self.depot.learn_question(&self.set(), question, now_ms, self.most);
        }
        // Who does not know what is there leaves it as it is.
        let Ok(mut rows) = self.rows(now_ms).await else { return };
        rows.retain(|known| known.key != row.key);
        rows.push(row);
        let until_ms = rows.iter().map(|row| row.until_ms).max().unwrap_or(now_ms);
        let ttl = Duration::from_millis(until_ms.saturating_sub(now_ms).max(1) as u64);
        self.depot.put(&self.piece(), vec![write(&rows)], ttl);
    }

    /// The answer to this one is gone. In a piece it is over by itself.
    pub fn drop_key(&self, key: &CacheKey) {
        if self.compares() {
            self.depot.forget_question(&self.set(), key.to_string());
        }
    }
}

/// The newest rows that there is room for.
fn write(rows: &[Row]) -> Bytes {
    let mut bytes = 1;
    let newest = rows.iter().rev().take(MOST_ROWS).take_while(|row| {
        bytes += 32 + 8 + 2 + row.text.len() + 2 + 4 * row.values.len();
        bytes <= MOST_BYTES
    });
    let newest: Vec<&Row> = newest.collect();
    let mut out = BytesMut::with_capacity(bytes.min(MOST_BYTES));
    out.put_u8(FORM);
    for row in newest.into_iter().rev() {
        // Longer ones are not compared.
        let (Ok(length), Ok(dimensions)) = (u16::try_from(row.text.len()), u16::try_from(row.values.len())) else {
            continue;
        };
        out.put_slice(row.key.bytes());
        out.put_i64(row.until_ms);
        out.put_u16(length);
        out.put_slice(row.text.as_bytes());
        out.put_u16(dimensions);
        row.values.iter().for_each(|value| out.put_f32(*value));
    }
    out.freeze()
}

/// The rows that are not over; of what is no piece of ours, those before the place where it is none.
fn read(mut piece: Bytes, now_ms: i64) -> Vec<Row> {
    let mut rows = Vec::new();
    if piece.try_get_u8() != Ok(FORM) {
        return rows;
    }
    while rows.len() < MOST_ROWS
        && let Some(row) = row(&mut piece)
    {
        rows.extend((row.until_ms > now_ms).then_some(row));
    }
    rows
}

fn row(piece: &mut Bytes) -> Option<Row> {
    let mut key = [0; 32];
    piece.try_copy_to_slice(&mut key).ok()?;
    let until_ms = piece.try_get_i64().ok()?;
    let length = usize::from(piece.try_get_u16().ok()?);
    if piece.remaining() < length {
        return None;
    }
    let text = String::from_utf8(piece.split_to(length).into()).ok()?;
    let dimensions = usize::from(piece.try_get_u16().ok()?);
    if piece.remaining() < 4 * dimensions {
        return None;
    }
    let values = (0..dimensions).map(|_| piece.get_f32()).collect();
    Some(Row { key: CacheKey::of(key), until_ms, text, values })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(n: u8, until_ms: i64, dimensions: usize) -> Row {
        let values = (0..dimensions).map(|at| at as f32 - 0.5).collect();
        Row { key: CacheKey::of([n; 32]), until_ms, text: format!("question {n}, größer"), values }
    }

    #[test]
    fn what_is_written_is_read_and_what_is_over_is_not() {
        let rows = [row(1, 100, 3), row(2, 50, 3), row(3, 200, 0)];
        assert_eq!(read(write(&rows), 60), [rows[0].clone(), rows[2].clone()]);
        assert_eq!(read(write(&[]), 0), []);
    }

    #[test]
    fn a_piece_is_bounded_and_keeps_what_is_newest() {
        let many: Vec<Row> = (0..300).map(|n| Row { until_ms: 1000 + n, ..row(0, 0, 4) }).collect();
        let kept = read(write(&many), 0);
        assert_eq!((kept.len(), kept[0].until_ms, kept[255].until_ms), (256, 1044, 1299));
        let large: Vec<Row> = (0..200).map(|n| row(n, 1000, 3072)).collect();
        let piece = write(&large);
        assert!(piece.len() <= MOST_BYTES && piece.len() > MOST_BYTES - (16 << 10), "{}", piece.len());
        assert_eq!(read(piece, 0).last(), large.last());
    }

    #[test]
    fn whatever_lies_there_is_read_without_harm() {
        let whole = write(&[row(1, 100, 3), row(2, 100, 3)]);
        for cut in 0..whole.len() {
            assert!(read(whole.slice(..cut), 0).len() <= 1, "{cut}");
        }
        for garbage in [&b""[..], b"\x02abc", b"\x01", &[1; 500], &[255; 500]] {
            read(Bytes::copy_from_slice(garbage), 0);
        }
    }
}
