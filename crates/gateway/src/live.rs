//! What all threads share: the newest setup, and the way to the control plane.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use engine::{Roll, Setup};
use tokio::sync::watch;

use crate::books::Books;
use crate::config::{self, Copies, Remote, Report};
use crate::control::{Bridge, Cors};

/// What all threads share.
pub struct Live {
    setup: ArcSwap<Setup>,
    /// The configuration file, if there is one.
    file: Option<PathBuf>,
    /// The files that were read last: the configuration and what it includes.
    files: Mutex<Vec<PathBuf>>,
    /// How the deployments fared lately: outlives every setup.
    roll: Arc<Roll>,
    /// What the last look at the configuration file found. Also keeps reloads from overtaking each other.
    report: Mutex<Report>,
    /// Where the price map comes from that is asked for now and then.
    pub price_map: watch::Sender<Option<Remote>>,
    /// What such addresses answered last.
    pub copies: Copies,
    /// Keys, users, teams, and what they spent; `None` if nothing is kept.
    pub books: Option<Arc<Books>>,
    /// The way to the control plane.
    pub control: Bridge,
    /// Who may call from a browser.
    pub cors: Cors,
}

impl Live {
    /// Begins with `setup`, which came from `files` (the configuration first) or from nowhere.
    pub fn new(
        setup: Setup,
        files: Vec<PathBuf>,
        roll: Arc<Roll>,
        report: Report,
        books: Option<Arc<Books>>,
        control: Bridge,
        cors: Cors,
    ) -> Self {
        let (setup, file) = (ArcSwap::from_pointee(setup), files.first().cloned());
        let (price_map, copies) = (watch::Sender::new(None), Copies::default());
        let (files, report) = (Mutex::new(files), Mutex::new(report));
        Live { setup, file, files, roll, report, price_map, copies, books, control, cors }
    }

    /// The newest setup.
    pub fn setup(&self) -> Arc<Setup> {
        self.setup.load_full()
    }

    /// Reads the configuration file again. A file with errors changes nothing; calls in flight finish on the setup
    /// they began with.
    pub fn reload(&self) -> Result<Report, Report> {
        let mut last = self.report.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(file) = &self.file else {
            return Ok(Report::default());
        };
        let loaded = config::load(file, &config::process_env, &self.roll, &self.copies);
        *last = loaded.report;
        *self.files.lock().unwrap_or_else(PoisonError::into_inner) = loaded.files;
        match loaded.setup {
            Some(setup) => {
                self.setup.store(Arc::new(setup));
                self.price_map
                    .send_if_modified(|known| std::mem::replace(known, loaded.price_map.clone()) != loaded.price_map);
                Ok(last.clone())
            }
            None => Err(last.clone()),
        }
    }

    /// The files that were read last, the configuration first; none if nothing was configured.
    pub fn files(&self) -> Vec<PathBuf> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
