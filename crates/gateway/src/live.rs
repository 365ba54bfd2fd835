//! What all threads share: the newest setup, and the way to the control plane.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use engine::{Meters, Roll, Setup};
use tokio::sync::watch;

use crate::books::Books;
use crate::config::{self, Copies, Loaded, Management, Remote, Report};
use crate::control::{Bridge, Cors};
use crate::tls::Tls;

/// What outlives every setup.
pub struct Lasting {
    /// How the deployments fared lately.
    pub roll: Arc<Roll>,
    /// Keys, users, teams, and what they spent; `None` if nothing is kept.
    pub books: Option<Arc<Books>>,
    /// What everybody has used of their budgets and limits.
    pub meters: Arc<Meters>,
    /// The way to the control plane.
    pub control: Bridge,
    /// Who may call from a browser.
    pub cors: Cors,
    /// The certificate, if HTTPS is served.
    pub tls: Option<Tls>,
}

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
    /// Where the price map comes from that is asked for now and then.
    pub price_map: watch::Sender<Option<Remote>>,
    /// What such addresses answered last.
    pub copies: Copies,
    /// Keys, users, teams, and what they spent; `None` if nothing is kept.
    pub books: Option<Arc<Books>>,
    /// What everybody has used of their budgets and limits.
    pub meters: Arc<Meters>,
    /// The way to the control plane.
    pub control: Bridge,
    /// Who may call from a browser.
    pub cors: Cors,
    /// The certificate for callers, if they are served over HTTPS.
    pub tls: Option<Tls>,
}

impl Live {
    /// Begins with `setup`, the rest of which is in `loaded`.
    pub fn new(setup: Setup, loaded: Loaded, lasting: Lasting) -> Self {
        let Loaded { files, report, management, price_map, .. } = loaded;
        let (setup, file) = (ArcSwap::from_pointee(setup), files.first().cloned());
        let management = ArcSwap::from_pointee(management);
        let Lasting { roll, books, meters, control, cors, tls } = lasting;
        let (price_map, copies) = (watch::Sender::new(price_map), Copies::default());
        let (files, report) = (Mutex::new(files), Mutex::new(report));
        Live { setup, management, file, files, roll, report, price_map, copies, books, meters, control, cors, tls }
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
        let loaded = config::load(file, &config::process_env, &self.roll, &self.copies);
        *last = loaded.report;
        *self.files.lock().unwrap_or_else(PoisonError::into_inner) = loaded.files;
        match loaded.setup {
            Some(setup) => {
                self.setup.store(Arc::new(setup));
                self.price_map
                    .send_if_modified(|known| std::mem::replace(known, loaded.price_map.clone()) != loaded.price_map);
                self.management.store(Arc::new(loaded.management));
                Ok(last.clone())
            }
            None => Err(last.clone()),
        }
    }

    /// The files that were read last, the configuration first, the certificate behind it; those that there are.
    pub fn files(&self) -> Vec<PathBuf> {
        let configuration = self.files.lock().unwrap_or_else(PoisonError::into_inner).clone();
        configuration.into_iter().chain(self.tls.iter().flat_map(Tls::files)).collect()
    }
}
