//! Ollama's native dialect (`/api/chat`): callers speak it to us, and we speak it to local servers and Ollama's cloud.

mod back;
mod engine;
mod front;

pub use front::OldEmbeddings;

/// Options of the runner that have no word in the vocabulary (wire.md 5.2).
const OPTIONS: [&str; 13] = [
    "num_ctx",
    "num_predict",
    "min_p",
    "typical_p",
    "repeat_penalty",
    "repeat_last_n",
    "num_keep",
    "num_batch",
    "num_gpu",
    "main_gpu",
    "use_mmap",
    "num_thread",
    "draft_num_predict",
];

/// The Ollama dialect.
pub struct Ollama;
