//! Texts that are read aloud, and recordings that are written down.

use std::sync::Arc;

use crate::{Extras, Usage};

/// A request for speech.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Speaking {
    /// The model as the caller named it.
    pub model: String,
    /// What is said.
    pub input: String,
    /// Whose voice it is, in the target's own words.
    pub voice: String,
    /// The kind of file, in OpenAI's words.
    pub format: Option<String>,
    /// How it is said.
    pub instructions: Option<String>,
    /// How quickly; 1 is usual.
    pub speed: Option<f64>,
    /// Whether it is to come in events rather than as bytes.
    pub stream: bool,
    /// Unknown fields.
    pub extras: Extras,
}

/// A request to write a recording down.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listening {
    /// The model as the caller named it.
    pub model: String,
    /// What is listened to.
    pub recording: Recording,
    /// Whether it is written down in English, whatever is spoken.
    pub into_english: bool,
    /// The language that is spoken.
    pub language: Option<String>,
    /// Words and names that may come up.
    pub prompt: Option<String>,
    /// The form of the answer, in OpenAI's words.
    pub format: Option<String>,
    /// How freely it is written down.
    pub temperature: Option<f64>,
    /// Whether each word is wanted with its time.
    pub words: bool,
    /// Whether the words are to come in events.
    pub stream: bool,
    /// Unknown fields.
    pub extras: Extras,
}

/// A file with sound.
#[derive(Clone, Debug, PartialEq)]
pub struct Recording {
    /// Its name.
    pub name: String,
    /// What it is, as far as its bytes and its name tell.
    pub media_type: &'static str,
    /// The file itself.
    pub bytes: Arc<[u8]>,
}

impl Default for Recording {
    fn default() -> Self {
        Recording { name: String::new(), media_type: "application/octet-stream", bytes: Arc::from([]) }
    }
}

/// Speech: samples of 16 bits, the low byte first, of one channel.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sound {
    /// The samples.
    pub samples: Vec<u8>,
    /// How many a second has.
    pub rate: u32,
    /// What it consumed.
    pub usage: Usage,
}

/// What was said in a recording.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Heard {
    /// All of it.
    pub text: String,
    /// The language that was spoken, in the provider's words.
    pub language: Option<String>,
    /// How long the recording is, milliseconds.
    pub duration_ms: Option<u64>,
    /// Word by word, if the provider says when each was spoken.
    pub words: Vec<Said>,
    /// Sentence by sentence, if it says that.
    pub segments: Vec<Said>,
    /// What it consumed.
    pub usage: Usage,
}

/// A word or a sentence, and when it was spoken.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Said {
    /// The words.
    pub text: String,
    /// When it begins, milliseconds.
    pub start_ms: u64,
    /// When it ends.
    pub end_ms: u64,
}
