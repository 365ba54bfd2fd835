//! Paper: files that are filled with zeros before anybody writes on them. To bring what was written over zeros to the
//! disk is all that a caller waits for. A file that grows has the file system bring its own books there, too, and with
//! them what every other process has written: on a busy disk that takes ten times as long.

use std::fs::{self, File};
use std::io::{self, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::lock;

/// The name of what nobody writes on yet.
const NAME: &str = "blank";
/// How much is filled at once.
static STROKE: [u8; 64 << 10] = [0; 64 << 10];
/// How long the disk is left alone after it has refused a sheet.
const PAUSE: Duration = Duration::from_secs(1);

/// A sheet at a time, prepared by a thread of its own.
pub(super) struct Paper {
    tray: Arc<Tray>,
    thread: Option<JoinHandle<()>>,
}

struct Tray {
    path: PathBuf,
    bytes: u64,
    state: Mutex<State>,
    asked: Condvar,
}

#[derive(Default)]
struct State {
    sheet: Option<File>,
    wanted: bool,
    closed: bool,
}

impl Paper {
    /// Sheets of so many `bytes`, in `folder`. Not a single one if they have none.
    pub fn new(folder: &Path, bytes: u64) -> io::Result<Self> {
        let (state, asked) = Default::default();
        let tray = Arc::new(Tray { path: folder.join(NAME), bytes, state, asked });
        let prepare = {
            let tray = tray.clone();
            move || tray.prepare()
        };
        let thread = (bytes > 0).then(|| thread::Builder::new().name("paper".to_owned()).spawn(prepare)).transpose()?;
        Ok(Paper { tray, thread })
    }

    /// A sheet, from now on the file at `path`; `None` if there is none yet. The next one will be prepared.
    pub fn take(&self, path: &Path) -> Option<File> {
        let mut state = lock(&self.tray.state);
        let sheet = state.sheet.take();
        // Before another one gets its name.
        let sheet = sheet.filter(|_| fs::rename(&self.tray.path, path).is_ok());
        state.wanted = true;
        self.tray.asked.notify_one();
        sheet
    }
}

impl Drop for Paper {
    fn drop(&mut self) {
        lock(&self.tray.state).closed = true;
        self.tray.asked.notify_one();
        if let Some(thread) = self.thread.take() {
            // It does not panic; if it did, files would grow as they always could.
            let _ = thread.join();
        }
    }
}

impl Tray {
    fn prepare(&self) {
        let mut state = lock(&self.state);
        while !state.closed {
            if state.sheet.is_some() || !state.wanted {
                state = self.asked.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            drop(state);
            let made = self.sheet();
            state = lock(&self.state);
            match made {
                Ok(sheet) => (state.sheet, state.wanted) = (Some(sheet), false),
                // Nobody depends on it; who writes will find out what is wrong with the disk.
                Err(_) => {
                    let _ = fs::remove_file(&self.path);
                    state = self.asked.wait_timeout(state, PAUSE).unwrap_or_else(PoisonError::into_inner).0;
                }
            }
        }
    }

    fn sheet(&self) -> io::Result<File> {
        let mut file = File::create(&self.path)?;
        let mut left = self.bytes;
        while left > 0 {
            let stroke = STROKE.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            file.write_all(&STROKE[..stroke])?;
            left -= stroke as u64;
        }
        file.sync_all()?;
        file.rewind()?;
        Ok(file)
    }
}
