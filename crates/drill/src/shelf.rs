//! What a mock keeps for callers: files, and the batches that are made of them. It forgets the oldest when there is too much.

use crate::dialect::CREATED;
use bytes::Bytes;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Most files and most batches, and most bytes of files.
const MAX_THINGS: usize = 1_000;
const MAX_BYTES: usize = 512 * 1024 * 1024;

/// A file.
#[derive(Debug, Clone)]
pub(crate) struct File {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) purpose: String,
    pub(crate) content: Bytes,
}

impl File {
    /// The file as OpenAI shows it.
    pub(crate) fn describe(&self) -> Value {
        json!({
            "id": self.id, "object": "file", "bytes": self.content.len(), "created_at": CREATED, "expires_at": null,
            "filename": self.name, "purpose": self.purpose, "status": "processed", "status_details": null,
        })
    }
}

/// Files and batches, oldest first.
#[derive(Default)]
pub(crate) struct Shelf {
    things: Mutex<Things>,
    /// Batches stay as they are until this is taken back.
    held: AtomicBool,
}

#[derive(Default)]
struct Things {
    files: VecDeque<File>,
    bytes: usize,
    batches: VecDeque<Value>,
}

impl Shelf {
    /// Whether batches are held back.
    pub(crate) fn held(&self) -> bool {
        self.held.load(Relaxed)
    }

    /// Holds batches back, or lets them go on.
    pub(crate) fn hold(&self, held: bool) {
        self.held.store(held, Relaxed);
    }

    /// Keeps a file.
    pub(crate) fn keep(&self, file: File) {
        let mut things = self.things();
        things.bytes += file.content.len();
        things.files.push_back(file);
        while things.files.len() > MAX_THINGS || (things.bytes > MAX_BYTES && things.files.len() > 1) {
            things.bytes -= things.files.pop_front().map_or(0, |gone| gone.content.len());
        }
    }

    /// A file.
    pub(crate) fn file(&self, id: &str) -> Option<File> {
        self.things().files.iter().find(|file| file.id == id).cloned()
    }

    /// All files.
    pub(crate) fn files(&self) -> Vec<File> {
        self.things().files.iter().cloned().collect()
    }

    /// Forgets a file; says whether it was there.
    pub(crate) fn forget(&self, id: &str) -> bool {
        let mut things = self.things();
        let Some(at) = things.files.iter().position(|file| file.id == id) else { return false };
        things.bytes -= things.files.remove(at).map_or(0, |gone| gone.content.len());
        true
    }

    /// Keeps a batch, in the place of what was known of it.
    pub(crate) fn note(&self, batch: Value) {
        let mut things = self.things();
        match things.batches.iter_mut().find(|known| known["id"] == batch["id"]) {
            Some(known) => *known = batch,
            None => things.batches.push_back(batch),
        }
        if things.batches.len() > MAX_THINGS {
            things.batches.pop_front();
        }
    }

    /// A batch.
    pub(crate) fn batch(&self, id: &str) -> Option<Value> {
        self.things().batches.iter().find(|batch| batch["id"] == id).cloned()
    }

    /// All batches.
    pub(crate) fn batches(&self) -> Vec<Value> {
        self.things().batches.iter().cloned().collect()
    }

    /// Forgets all batches.
    pub(crate) fn forget_batches(&self) {
        self.things().batches.clear();
    }

    fn things(&self) -> MutexGuard<'_, Things> {
        self.things.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
