//! Questions and their vectors in a Redis that has vectors itself (vector sets, from version 8 on): a set for those that may be
//! answered alike, whose nearest ones it finds. A question is a member of it by the key of its answer; its text and the time
//! until which it is kept are the member's attributes.

use std::borrow::Cow;
use std::sync::LazyLock;
use std::sync::atomic::Ordering::Relaxed;

use redis::aio::MultiplexedConnection;
use redis::{Pipeline, RedisError, Script, Value, cmd};
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use super::{Depot, Errand, named};

/// Adds to a set, for which it makes room.
static LEARN: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("learn.lua")));
/// Most questions that are looked at: the texts of those that are alike may still forbid it.
const MOST_NEAR: usize = 16;

/// A question that was answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// The key of its answer.
    pub key: String,
    /// What was asked.
    pub text: String,
    /// Until when its answer is kept, milliseconds since 1970.
    pub until_ms: i64,
    /// Its vector, of length 1.
    pub values: Vec<f32>,
}

/// What is wanted of a set.
pub(super) enum Wish {
    /// Whether it has any.
    Any(oneshot::Sender<bool>),
    /// Those nearest to a vector, if the cosine of the angle between them is at least this.
    Near { values: Vec<f32>, least: f32, now_ms: i64, found: oneshot::Sender<Vec<Question>> },
    /// One more, so that there are no more than `most`.
    Learn { question: Question, now_ms: i64, most: usize },
    /// Without the one of this key.
    Forget(String),
}

/// The attributes of a member. The server compares `until` itself.
#[derive(Serialize, Deserialize)]
struct Attributes<'a> {
    until: i64,
    text: Cow<'a, str>,
}

/// Sets of questions, by name. Nothing is found where [`Depot::has_vectors`] says that there are none.
impl Depot {
    /// Whether it finds the nearest vectors itself, as far as is known.
    pub fn has_vectors(&self) -> bool {
        self.shared.compares.load(Relaxed) && self.is_there()
    }

    /// Whether there is any question in a set, if that is known in time.
    pub async fn has_questions(&self, set: &str) -> bool {
        self.in_time(|found| Errand::Vectors(named(set), Wish::Any(found))).await.unwrap_or(false)
    }

    /// The questions of a set whose vectors are nearest to this one, the nearest first: those for which the cosine of the
    /// angle in between is at least `least`, if they are known in time.
    pub async fn nearest_questions(&self, set: &str, values: &[f32], least: f32, now_ms: i64) -> Vec<Question> {
        let wish = |found| Wish::Near { values: values.to_vec(), least, now_ms, found };
        self.in_time(|found| Errand::Vectors(named(set), wish(found))).await.unwrap_or_default()
    }

    /// Adds a question to a set, which has room for `most`, some time soon.
    pub fn learn_question(&self, set: &str, question: Question, now_ms: i64, most: usize) {
        self.wish(set, Wish::Learn { question, now_ms, most });
    }

    /// Takes the question with the answer `key` out of a set, some time soon.
    pub fn forget_question(&self, set: &str, key: String) {
        self.wish(set, Wish::Forget(key));
    }

    fn wish(&self, set: &str, wish: Wish) {
        // What is not learned is asked for again, and what is not forgotten is found in vain again.
        let _ = self.errands().try_send(Errand::Vectors(named(set), wish));
    }
}

/// Whether a server has vector sets, and lets us use them.
pub(super) async fn are_there(connection: &mut MultiplexedConnection) -> Result<bool, RedisError> {
    let known: Vec<Value> = cmd("COMMAND").arg("INFO").arg("VSIM").query_async(connection).await?;
    Ok(matches!(&known[..], [Value::Array(about)] if !about.is_empty()))
}

impl Wish {
    /// Does it with the set `name`; whoever wanted it may have gone on already.
    pub(super) async fn run(self, name: &str, connection: &mut MultiplexedConnection) -> Result<(), RedisError> {
        match self {
            Wish::Any(found) => {
                _ = found.send(cmd("EXISTS").arg(name).query_async(connection).await?);
            }
            Wish::Near { values, least, now_ms, found } => {
                if !found.is_closed() {
                    _ = found.send(near(name, &values, least, now_ms, connection).await?);
                }
            }
            Wish::Learn { question: Question { key, text, until_ms, values }, now_ms, most } => {
                let attributes = Attributes { until: until_ms, text: text.into() };
                let Ok(attributes) = serde_json::to_string(&attributes) else { return Ok(()) };
                let mut learn = LEARN.key(name);
                learn.arg(key).arg(floats(&values)).arg(attributes).arg(until_ms).arg(now_ms).arg(most);
                learn.invoke_async::<()>(connection).await?;
            }
            Wish::Forget(key) => cmd("VREM").arg(name).arg(key).query_async(connection).await?,
        }
        Ok(())
    }
}

/// Those of the set that are so near, with all that is known of them.
async fn near(
    name: &str,
    values: &[f32],
    least: f32,
    now_ms: i64,
    connection: &mut MultiplexedConnection,
) -> Result<Vec<Question>, RedisError> {
    let mut nearest = cmd("VSIM");
    nearest.arg(name).arg("FP32").arg(floats(values)).arg("WITHSCORES").arg("COUNT").arg(MOST_NEAR);
    nearest.arg("FILTER").arg(format!(".until > {now_ms}"));
    let nearest: Vec<(String, f32)> = nearest.query_async(connection).await?;
    // Its score is 1 for the same direction and 0 for the opposite one.
    let keys = nearest.into_iter().filter(|(_, score)| 2.0 * score - 1.0 >= least).map(|(key, _)| key);
    let keys: Vec<String> = keys.collect();
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let mut about = Pipeline::new();
    for key in &keys {
        about.cmd("VGETATTR").arg(name).arg(key).cmd("VEMB").arg(name).arg(key).arg("RAW");
    }
    let about: Vec<Value> = about.query_async(connection).await?;
    // One that was forgotten in between is none.
    Ok(keys.into_iter().zip(about.chunks(2)).filter_map(|(key, about)| question(key, about)).collect())
}

/// A member by its attributes and its vector.
fn question(key: String, about: &[Value]) -> Option<Question> {
    let [Value::BulkString(attributes), Value::Array(vector)] = about else { return None };
    let Attributes { until, text } = serde_json::from_slice(attributes).ok()?;
    // How it is written, the numbers, and how long the vector was.
    let [Value::SimpleString(form), Value::BulkString(values), ..] = &vector[..] else { return None };
    let values = values.chunks_exact(4).filter_map(|four| Some(f32::from_le_bytes(four.try_into().ok()?)));
    (form == "f32" || form == "fp32").then(|| Question {
        key,
        text: text.into_owned(),
        until_ms: until,
        values: values.collect(),
    })
}

/// A vector as Redis reads it.
fn floats(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}
