//! The server seen from the wire, by subject.

use crate::client::*;
use crate::knobs::knobs;
use crate::mock::{Mock, Options, Outcome, Recorded};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

mod benchmark;
mod faults;
mod files;
mod http;
