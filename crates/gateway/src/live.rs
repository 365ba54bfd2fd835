//! What all threads share: the newest setup, and the way to the control plane.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use engine::{Roll, Setup};

use crate::books::Books;
use crate::config::{self, Loaded, Management, Report};
use crate::control::{Bridge, Cors};

/// What all threads share.
pub struct Live {
    setup: ArcSwap<Setup>,
    /// Settings of the management API.
    management: ArcSwap<Management>,
    /// The configuration file, if there is one.
    file: Option<PathBuf>,
    /// The files that were read last: the configuration and what it includes.
    files: Mutex<Vec<PathBuf>>,
    /// How the deployments fared lately: outlives every setup.
    roll: Arc<Roll>,
    /// What the last look at the configuration file found. Also keeps reloads from overtaking each other.
    report: Mutex<Report>,
    /// Keys, users, teams, and what they spent; `None` if nothing is kept.
    pub books: Option<Arc<Books>>,
    /// The way to the control plane.
    pub control: Bridge,
    /// Who may call from a browser.
    pub cors: Cors,
}

impl Live {
    /// Begins with `setup`, the rest of which is in `loaded`.
    pub fn new(
        setup: Setup,
        loaded: Loaded,
        roll: Arc<Roll>,
        books: Option<Arc<Books>>,
        control: Bridge,
        cors: Cors,
    ) -> Self {
        let Loaded { files, report, management, .. } = loaded;
        let (setup, file) = (ArcSwap::from_pointee(setup), files.first().cloned());
        let management = ArcSwap::from_pointee(management);
        Live {
            setup,
            management,
            file,
            files: Mutex::new(files),
            roll,
            report: Mutex::new(report),
            books,
            control,
            cors,
        }
    }

    /// The newest setup.
    pub fn setup(&self) -> Arc<Setup> {
        self.setup.load_full()
    }

    /// The newest settings of the management API.
    pub fn management(&self) -> Arc<Management> {
        self.management.load_full()
    }

    /// Reads the configuration file again. A file with errors changes nothing; calls in flight finish on the setup
    /// they began with.
    pub fn reload(&self) -> Result<Report, Report> {
        let mut last = self.report.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(file) = &self.file else {
            return Ok(Report::default());
        };
        let loaded = config::load(file, &config::process_env, &self.roll);
        *last = loaded.report;
        *self.files.lock().unwrap_or_else(PoisonError::into_inner) = loaded.files;
        match loaded.setup {
            Some(setup) => {
                self.setup.store(Arc::new(setup));
                self.management.store(Arc::new(loaded.management));
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
