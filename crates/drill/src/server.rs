//! The HTTP side: accepts connections, reads requests, finds out what they want and has it answered. Small
//! and its own, because a mock must be able to break HTTP in every way a server under stress does.

mod conn;
mod files;
mod lean;
mod plan;
mod play;
mod realtime;
mod request;

#[cfg(test)]
mod tests;

pub(crate) use request::Head;

use crate::admin;
use crate::dialect::Dialect;
use crate::dialect::openai::OpenAi;
use crate::knobs::{Knobs, Trouble};
use crate::mock::Options;
use crate::node::Node;
use crate::problem::Problem;
use crate::recorder::{Outcome, Recorder};
use crate::route::{Route, route};
use crate::shelf::Shelf;
use crate::stats::Stats;
use bytes::Bytes;
pub(crate) use conn::{Conn, Gone};
pub(crate) use play::{End, Next, Player};
use request::ReadError;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// Most models and paths `fail_first` keeps count of.
const MAX_COUNTS: usize = 10_000;

/// What all connections of a mock share.
pub(crate) struct Shared {
    pub(crate) recorder: Recorder,
    pub(crate) stats: Stats,
    pub(crate) node: Arc<Node>,
    pub(crate) shelf: Shelf,
    check: bool,
    models: Vec<String>,
    knobs: Knobs,
    seq: AtomicU64,
    counts: Mutex<HashMap<String, u64>>,
}

impl Shared {
    /// The state of a mock that has not been asked anything. Fails if its default knobs are wrong.
    pub(crate) fn new(options: Options) -> Result<Self, String> {
        let mut knobs = Knobs::default();
        knobs.apply(&options.knobs)?;
        Ok(Self {
            recorder: Recorder::new(options.record),
            stats: Stats::default(),
            node: Arc::new(Node::new()),
            shelf: Shelf::default(),
            check: options.check,
            models: options.models,
            knobs,
            seq: AtomicU64::new(1),
            counts: Mutex::default(),
        })
    }

    /// How many requests of this model and path there have been, this one included.
    fn count(&self, model: &str, path: &str) -> u64 {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let key = format!("{path} {model}");
        if counts.len() >= MAX_COUNTS && !counts.contains_key(&key) {
            counts.clear();
        }
        let count = counts.entry(key).or_default();
        *count += 1;
        *count
    }

    /// Forgets requests and counts.
    pub(crate) fn clear(&self) {
        self.recorder.clear();
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// Serves a listener for as long as it works.
pub(crate) async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        // Errors of accept concern one connection or pass; giving up the turn keeps a full file table from
        // turning into a busy loop that starves the connections whose end it waits for.
        match listener.accept().await {
            Ok((stream, _)) => drop(connections.spawn(connection(stream, Arc::clone(&shared)))),
            Err(_) => tokio::task::yield_now().await,
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn connection(stream: TcpStream, shared: Arc<Shared>) {
    let _open = shared.stats.connection();
    let mut conn = Conn::new(stream);
    loop {
        let next = match conn.read_request().await {
            Ok((head, body)) => handle(&shared, &mut conn, &head, &body).await,
            Err(ReadError::Gone) => Next::Close,
            Err(ReadError::Refused { status, text }) => refuse(&shared, &mut conn, status, text).await,
        };
        match next {
            Next::Keep => {}
            Next::Close => return conn.close().await,
            Next::Reset => return conn.reset(),
        }
    }
}

/// Answers what is not even a request, in the default dialect, and gives the connection up.
async fn refuse(shared: &Shared, conn: &mut Conn, status: u16, text: &'static str) -> Next {
    let kind = if status == 413 { Trouble::TooLarge } else { Trouble::BadRequest };
    let problem = Problem { status: Some(status), ..Problem::refuse(text).kind(kind) };
    let knobs = Knobs::default();
    let mut player = Player::new(shared, conn, &OpenAi, &knobs, 0, true);
    // The connection is closed either way.
    let _ = player.problem(&problem, "").await;
    Next::Close
}

/// Answers one request; what to do with the connection afterwards.
async fn handle(shared: &Shared, conn: &mut Conn, head: &Head, body: &Bytes) -> Next {
    let seq = shared.seq.fetch_add(1, Relaxed);
    if realtime::is_asked(head) {
        return realtime::serve(shared, conn, head, body, seq).await;
    }
    if files::is_asked(head) {
        return files::serve(shared, conn, head, body, seq).await;
    }
    let target = match route(head) {
        Route::Model(target) => target,
        Route::Mock(page) => return page_next(admin::answer(shared, conn, head, &page, seq).await),
        Route::WrongMethod(dialect) => {
            let text = format!("Not allowed to {} on {}.", head.method, head.path());
            let problem = Problem { status: Some(405), ..Problem::refuse(text) };
            return stray(shared, conn, head, body, dialect, &problem, seq).await;
        }
        Route::Unknown => {
            let text = format!("Invalid URL ({} {})", head.method, head.path());
            let problem = Problem { status: Some(404), ..Problem::refuse(text) };
            return stray(shared, conn, head, body, &OpenAi, &problem, seq).await;
        }
    };
    let mut plan = plan::plan(shared, &target, head, body, seq);
    shared.recorder.begin(seq, head, body, &plan.model);
    let model = plan.model.clone();
    let _flight = shared.stats.flight(&model);
    let served = match &plan.wish {
        Some(wish) => conn.meanwhile(shared.node.enter(wish, &plan.knobs)).await,
        None => Ok(None),
    };
    let Ok(served) = served else {
        return finish(shared, seq, Err(Gone));
    };
    if let Some(served) = &served {
        plan.fit(served);
    }
    let mut player = Player::new(shared, conn, target.dialect, &plan.knobs, seq, head.closes());
    player.head_only = head.method == "HEAD";
    let ended = player.play(&plan).await;
    finish(shared, seq, ended)
}

/// Answers a request that is for no endpoint.
async fn stray(
    shared: &Shared,
    conn: &mut Conn,
    head: &Head,
    body: &Bytes,
    dialect: &dyn Dialect,
    problem: &Problem,
    seq: u64,
) -> Next {
    shared.recorder.begin(seq, head, body, "");
    let knobs = Knobs::default();
    let ended = Player::new(shared, conn, dialect, &knobs, seq, head.closes()).problem(problem, "").await;
    finish(shared, seq, ended)
}

fn finish(shared: &Shared, seq: u64, ended: Result<End, Gone>) -> Next {
    match ended {
        Ok(end) => {
            shared.recorder.end(seq, Some(if end.faulted { Outcome::Faulted } else { Outcome::Completed }));
            end.next
        }
        Err(Gone) => {
            shared.recorder.end(seq, None);
            Next::Close
        }
    }
}

fn page_next(ended: Result<End, Gone>) -> Next {
    ended.map_or(Next::Close, |end| end.next)
}
