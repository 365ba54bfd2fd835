//! The folder of one process on its way into the database. Nothing is lost when booking fails: what was read is kept
//! and booked again, which changes nothing where it had worked after all.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::Path;
use std::slice;

use store::spool::{self, Batch, Reader};
use store::{Booked, Entry, Problem, Store};
use tokio::task::spawn_blocking;

/// Lines that are read and booked together. The more, the less each costs: a page of an index is written once for all.
const LINES: usize = 4096;

/// The folder of one process.
pub struct Source {
    /// Away while another thread reads.
    reader: Option<Reader>,
    /// What was read and is not booked.
    batch: Option<Batch>,
    /// Whether some of it may be booked although we were not told.
    uncertain: bool,
}

/// What was booked.
#[derive(Default)]
pub struct Carried {
    /// Entries that count from now on.
    pub entries: Vec<Entry>,
    /// Whether there may be more at once.
    pub more: bool,
}

/// Why nothing was booked.
#[derive(Debug)]
pub enum Stuck {
    /// The files cannot be read, or what must be set aside cannot be written.
    Disk(io::Error),
    /// The database does not take it now.
    Store(Problem),
}

impl From<io::Error> for Stuck {
    fn from(error: io::Error) -> Self {
        Stuck::Disk(error)
    }
}

impl From<Problem> for Stuck {
    fn from(problem: Problem) -> Self {
        Stuck::Store(problem)
    }
}

impl Source {
    /// What `reader` reads.
    pub fn new(reader: Reader) -> Self {
        Source { reader: Some(reader), batch: None, uncertain: false }
    }

    /// What the process wrote into a file of its folder beside its lines; nothing if that cannot be read.
    pub fn note(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.reader.as_ref()?.path().join(name)).ok()
    }

    /// Bytes that wait to be booked, but for the batch at hand.
    pub fn waiting(&mut self) -> u64 {
        self.reader.as_mut().and_then(|reader| reader.waiting().ok()).unwrap_or(0)
    }

    /// Nobody writes there any more.
    pub fn close(&mut self) {
        self.reader.iter_mut().for_each(Reader::close);
    }

    /// Removes the folder if nothing is left in it; says whether it did.
    pub fn remove(&self) -> io::Result<bool> {
        self.reader.as_ref().map_or(Ok(false), Reader::remove)
    }

    /// Books the next lines. What can never be booked is set aside in `dir`.
    pub async fn carry(&mut self, store: &Store, dir: &Path) -> Result<Carried, Stuck> {
        if self.batch.is_none() {
            self.batch = Some(self.read().await?);
        }
        let Some(batch) = &mut self.batch else { return Ok(Carried::default()) };
        while let Some((line, why)) = batch.unreadable.last() {
            spool::reject(dir, line)?;
            tracing::error!("a line of the spool is not understood and set aside in {}: {why}", dir.display());
            batch.unreadable.pop();
        }
        let mut booked = match batch.entries.is_empty() {
            true => Booked::default(),
            false => book(batch, store, dir).await.inspect_err(|_| self.uncertain = true)?,
        };
        if self.uncertain {
            booked.new.append(&mut booked.known);
        }
        if let Some(reader) = &mut self.reader {
            reader.booked(batch)?;
        }
        self.uncertain = false;
        let Batch { mut entries, more, .. } = self.batch.take().unwrap_or_default();
        if booked.new.len() < entries.len() {
            let mut counting: HashSet<String> = booked.new.into_iter().collect();
            entries.retain(|entry| counting.remove(&entry.attempt_id));
        }
        Ok(Carried { entries, more })
    }

    async fn read(&mut self) -> io::Result<Batch> {
        let Some(mut reader) = self.reader.take() else { return Ok(Batch::default()) };
        let (reader, read) = spawn_blocking(move || {
            let read = reader.next(LINES);
            (reader, read)
        })
        .await?;
        let reader = self.reader.insert(reader);
        let batch = read?;
        if batch.torn > 0 {
            tracing::warn!("{} lines in {} were cut off by a crash", batch.torn, reader.path().display());
        }
        Ok(batch)
    }
}

/// Books all entries together; if that cannot be, one by one.
async fn book(batch: &Batch, store: &Store, dir: &Path) -> Result<Booked, Stuck> {
    match store.book_batch(batch).await {
        Err(Problem::Broken(_) | Problem::Conflict(_)) => {}
        result => return Ok(result?),
    }
    let mut all = Booked::default();
    for entry in &batch.entries {
        match store.book(slice::from_ref(entry)).await {
            Ok(booked) => {
                all.new.extend(booked.new);
                all.known.extend(booked.known);
            }
            Err(Problem::Away(why)) => return Err(Problem::Away(why).into()),
            Err(problem) => {
                // Unless nothing at all can be booked now.
                store.rehearse().await?;
                let id = &entry.attempt_id;
                spool::line(entry).and_then(|line| spool::reject(dir, &line))?;
                tracing::error!("attempt {id} cannot be booked and is set aside in {}: {problem}", dir.display());
            }
        }
    }
    Ok(all)
}
