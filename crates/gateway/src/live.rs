//! What all threads share: the newest setup, and the way to the control plane.

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use engine::nodes::Fleets;
use engine::tokens::Source;
use engine::{AccessTokens, Gauge, Meters, Roll, Setup};
use tokio::sync::watch;

use crate::alerts::Teller;
use crate::books::Books;
use crate::config::{self, Added, Checked, Copies, Loaded, Management, Remote, Report, Shown, Tree};
use crate::control::{Bridge, Cors};
use crate::coordination::Replica;
use crate::drills::LiveDrills;
use crate::health::Findings;
use crate::host::Host;
use crate::metrics::Metrics;
use crate::responses::Shelf;
use crate::sinks::Tray;
use crate::tls::Tls;

/// What outlives every setup.
pub struct Lasting {
    /// How the deployments fared lately.
    pub roll: Arc<Roll>,
    /// Keys, users, teams, and what they spent; `None` if nothing is kept.
    pub books: Option<Arc<Books>>,
    /// What everybody has used of their budgets and limits.
    pub meters: Arc<Meters>,
    /// This replica among several, if there can be more.
    pub replica: Option<Arc<Replica>>,
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
    /// What was read last, and what came of it. Also keeps reloads from overtaking each other.
    last: Mutex<Last>,
    /// The entries of `model_list`, and those that were added.
    models: ArcSwap<Vec<Shown>>,
    /// Where the price map comes from that is asked for now and then.
    pub price_map: watch::Sender<Option<Remote>>,
    /// What such addresses answered last.
    pub copies: Copies,
    /// Keys, users, teams, and what they spent; `None` if nothing is kept.
    pub books: Option<Arc<Books>>,
    /// What everybody has used of their budgets and limits.
    pub meters: Arc<Meters>,
    /// This replica among several, if there can be more.
    pub replica: Option<Arc<Replica>>,
    /// The way to the control plane.
    pub control: Bridge,
    /// Who may call from a browser.
    pub cors: Cors,
    /// What was found of the health of deployments.
    pub findings: Findings,
    /// The certificate for callers, if they are served over HTTPS.
    pub tls: Option<Tls>,
    /// Whether a worker looks at batches.
    pub watches_batches: AtomicBool,
    /// The drill that some calls take part in.
    pub drills: LiveDrills,
    /// Numbers for Prometheus.
    pub metrics: Metrics,
    /// What tells people what they should know.
    pub teller: Teller,
    /// The machine that the gateway runs on.
    pub host: Host,
    /// What others are told of calls, and what is kept of what was said in them.
    pub tray: Tray,
    /// Answers of the Responses API that are kept.
    pub shelf: Shelf,
}

/// The last look at the configuration.
struct Last {
    report: Report,
    /// The newest configuration without errors, to be built anew when something is added.
    tree: Option<Tree>,
}

impl Live {
    /// Begins with `setup`, the rest of which is in `loaded`.
    pub fn new(setup: Setup, loaded: Loaded, lasting: Lasting) -> Self {
        let Loaded { files, report, management, price_map, models, tree, .. } = loaded;
        setup.cache.iter().for_each(|cache| cache.open());
        let (setup, file) = (ArcSwap::from_pointee(setup), files.first().cloned());
        let management = ArcSwap::from_pointee(management);
        let Lasting { roll, books, meters, replica, control, cors, tls } = lasting;
        let (price_map, copies) = (watch::Sender::new(price_map), Copies::default());
        let (files, last) = (Mutex::new(files), Mutex::new(Last { report, tree }));
        let models = ArcSwap::from_pointee(models);
        Live {
            setup,
            management,
            models,
            file,
            files,
            roll,
            last,
            price_map,
            copies,
            books,
            meters,
            replica,
            control,
            cors,
            findings: Findings::default(),
            watches_batches: AtomicBool::new(false),
            tls,
            drills: LiveDrills::default(),
            metrics: Metrics::default(),
            teller: Teller::default(),
            host: Host::default(),
            tray: Tray::default(),
            shelf: Shelf::default(),
        }
    }

    /// The newest setup.
    pub fn setup(&self) -> Arc<Setup> {
        self.setup.load_full()
    }

    /// What measures the power that this machine takes.
    pub fn gauge(&self) -> Arc<Gauge> {
        self.roll.gauge.clone()
    }

    /// The nodes that run models themselves.
    pub fn fleets(&self) -> Arc<Fleets> {
        self.roll.fleets.clone()
    }

    /// Tokens that take the place of keys at providers.
    pub fn access_tokens(&self) -> &AccessTokens {
        &self.roll.access_tokens
    }

    /// Where the keys of an issuer come from.
    pub fn key_source(&self, url: &str) -> Arc<Source> {
        self.roll.sources.of(url)
    }

    /// The newest settings of the management API.
    pub fn management(&self) -> Arc<Management> {
        self.management.load_full()
    }

    /// The entries of `model_list`, and those that were added, as they may be shown.
    pub fn models(&self) -> Arc<Vec<Shown>> {
        self.models.load_full()
    }

    /// Reads the configuration file again. A file with errors changes nothing; calls in flight finish on the setup
    /// they began with.
    pub fn reload(&self) -> Result<Report, Report> {
        let mut last = self.last();
        let Some(file) = &self.file else {
            return Ok(Report::default());
        };
        let loaded = config::load(file, &config::process_env, &self.roll, &self.copies, &self.added());
        last.report = loaded.report.clone();
        *self.files.lock().unwrap_or_else(PoisonError::into_inner) = loaded.files.clone();
        match self.take(&mut last, loaded) {
            true => Ok(last.report.clone()),
            false => Err(last.report.clone()),
        }
    }

    /// What is said of the configuration file, or of `draft` in its place, and what it would change; nothing is changed.
    /// `None` if there is no file.
    pub fn check(&self, draft: Option<&[u8]>) -> Option<Checked> {
        let file = self.file.as_ref()?;
        let before = self.last().tree.clone();
        let added = self.added();
        let world = (&config::process_env as config::ReadEnv, &*self.roll, &self.copies, &added);
        Some(config::check(file, draft, before.as_ref(), world))
    }

    /// Makes another setup of the same configuration: something was added, changed or taken away in the database.
    /// Returns what cannot be served of that, by id, and why.
    pub fn rebuild(&self) -> Vec<(String, String)> {
        let mut last = self.last();
        let Some(mut loaded) = self.build(&last, &self.added()) else { return Vec::new() };
        let left_out = std::mem::take(&mut loaded.left_out);
        self.take(&mut last, loaded);
        left_out
    }

    /// What would come of the configuration if `added` were there; `None` if there is none.
    pub fn try_out(&self, added: &Added) -> Option<Loaded> {
        self.build(&self.last(), added)
    }

    fn build(&self, last: &Last, added: &Added) -> Option<Loaded> {
        let tree = last.tree.as_ref()?;
        Some(config::rebuild(tree, &config::process_env, &self.roll, &self.copies, added))
    }

    /// Goes on with what was loaded, if it has no errors.
    fn take(&self, last: &mut Last, loaded: Loaded) -> bool {
        let Some(setup) = loaded.setup else { return false };
        // An address is asked only for a configuration file.
        let price_map = loaded.price_map.filter(|_| self.file.is_some());
        setup.cache.iter().for_each(|cache| cache.open());
        self.setup.store(Arc::new(setup));
        self.models.store(Arc::new(loaded.models));
        self.management.store(Arc::new(loaded.management));
        self.price_map.send_if_modified(|known| std::mem::replace(known, price_map.clone()) != price_map);
        last.tree = loaded.tree.or(last.tree.take());
        true
    }

    fn last(&self) -> MutexGuard<'_, Last> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was added while running.
    fn added(&self) -> Added {
        self.books.as_ref().map(|books| Added::of(&books.registry.read())).unwrap_or_default()
    }

    /// The files that were read last, the configuration first, the certificate behind it; those that there are.
    pub fn files(&self) -> Vec<PathBuf> {
        let configuration = self.files.lock().unwrap_or_else(PoisonError::into_inner).clone();
        configuration.into_iter().chain(self.tls.iter().flat_map(Tls::files)).collect()
    }
}
