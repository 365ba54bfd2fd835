//! The lives of a gateway in the storm: it starts, takes over what the one before it left, serves, and ends whenever
//! the seed says. What it had in memory is gone then; providers, callers' memories, the disk and the store are not.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use policy::Budget;
use providers::http::{Client, Endpoint};
use store::Registry;
use tokio::runtime::Builder;
use tokio::task::{JoinSet, LocalSet};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use types::Secret;

use super::caller::Way;
use super::chance::Chance;
use super::office::{Office, Sums, reset};
use super::provider::Providers;
use super::shelf::{Folder, Leftover, Shelf};
use super::witness::Witness;
use super::world::{Crash, Deed, Payer, World};
use crate::terms::Terms;
use crate::{Access, Bounds, Deployment, Dice, Gate, Keyring, Limits, Meters, Setup, Spending, Telemetry, rig};

/// Longest that anything takes when no new calls come.
const LONGEST: Duration = Duration::from_secs(900);

/// A storm.
struct Storm<'a> {
    world: Arc<World>,
    witness: Arc<Witness>,
    office: &'a Office,
    folder: Folder,
    /// Those who pay, as they are now.
    payers: Vec<Payer>,
    began: Instant,
    /// The next deed.
    next: usize,
    lives: u64,
}

/// What came of a storm.
pub struct Outcome {
    /// The first payer that must not be.
    pub failure: Option<String>,
    /// What happened, in a number.
    pub digest: u64,
    pub counts: BTreeMap<&'static str, u64>,
}

/// Lets the storm of `seed` rage; it `tells` what happens.
pub fn run(seed: u64, tells: bool) -> Outcome {
    let office = Office::open();
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
    runtime.block_on(async {
        let world = Arc::new(World::new(seed));
        let witness = Arc::new(Witness::new(&world, tells));
        let mut storm = Storm {
            payers: world.payers.clone(),
            office: &office,
            folder: Folder::new(seed),
            began: Instant::now(),
            next: 0,
            lives: 0,
            world,
            witness,
        };
        storm.rage().await;
        let seen = storm.witness.lock();
        Outcome { failure: seen.failure.clone(), digest: seen.digest(), counts: seen.counts.clone() }
    })
}

impl Storm<'_> {
    async fn rage(&mut self) {
        let writes = self.payers.iter().map(Payer::write).collect();
        self.office.write(None, writes, Vec::new());
        let mut leftover = None;
        loop {
            let local = LocalSet::new();
            let life = self.begin(leftover.take());
            let end = local.run_until(life.live(self)).await;
            if let Some(crash) = end {
                self.witness.note(&format!("{crash:?}"));
                self.witness.lock().went_dark |= crash == Crash::Dark;
                leftover = Some(life.shelf.crash(crash));
            }
            // Calls that are under way vanish, and nobody hears what becomes of them.
            drop((local, life));
            sleep(Duration::from_secs(1)).await;
            if end.is_none() || self.witness.lock().failure.is_some() {
                break;
            }
        }
        self.judge();
    }

    /// A new life.
    fn begin(&mut self, leftover: Option<Leftover>) -> Life {
        self.lives += 1;
        let (world, witness, office) = (&self.world, &self.witness, self.office);
        witness.lock().restarted();
        let meters = Arc::new(Meters::new(TimeZone::UTC));
        let root = world.on_disk.then(|| self.folder.path().join(self.lives.to_string()));
        let shelf = Shelf::new(witness.clone(), Chance::new(world.seed, 10_000_000 + self.lives), root);
        let mut sums = Sums::new(meters.clone());
        if let Some(leftover) = leftover {
            // Whoever took it over may have died before it was gone.
            let times = if Chance::new(world.seed, 20_000_000 + self.lives).percent(20) { 2 } else { 1 };
            leftover.take_over(|entries| (0..times).for_each(|_| sums.book(office, entries, None)));
        }
        sums.learn(office);
        let registry = Arc::new(Registry::new(office.store.clone()));
        let unreadable = office.run(registry.refresh()).expect("objects");
        assert!(unreadable.is_empty(), "{unreadable:?}");
        let (setup, clock) = (Rc::new(RefCell::new(Arc::new(setup(world)))), witness.clone());
        let in_force = setup.clone();
        let providers = Providers { world: world.clone(), witness: witness.clone() };
        let gate = Rc::new(Gate {
            wire: Rc::new(Client::within(Rc::new(providers))),
            setup: Box::new(move || in_force.borrow().clone()),
            dice: RefCell::new(Dice::new(world.seed ^ self.lives << 32)),
            unix_ms: Rc::new(move || clock.lock().now_ms()),
            keyring: Keyring::new(Some(registry.clone()), meters.clone()),
            ledger: Some(Rc::new(shelf.clone())),
        });
        let way = Rc::new(Way { world: world.clone(), witness: witness.clone(), gate, meters });
        Life { way, shelf, registry, sums: RefCell::new(sums), setup, away: Cell::new(false) }
    }

    /// When all is over: what is booked is what was seen.
    fn judge(&self) {
        let (rows, sums) = (self.office.rows(), self.office.sums());
        self.witness.lock().judge(&rows);
        let meters = Meters::new(TimeZone::UTC);
        let mut fresh = Sums::new(Arc::new(meters));
        fresh.learn(self.office);
        self.witness.lock().check_learnt(&fresh.meters, &sums, &rows);
    }
}

/// A gateway while it lives.
struct Life {
    way: Rc<Way>,
    shelf: Rc<Shelf>,
    registry: Arc<Registry>,
    sums: RefCell<Sums>,
    setup: Rc<RefCell<Arc<Setup>>>,
    /// Whether the database is away.
    away: Cell<bool>,
}

impl Life {
    /// Lives on to the next crash, or to the end of everything.
    async fn live(&self, storm: &mut Storm<'_>) -> Option<Crash> {
        let mut calls = JoinSet::new();
        while let Some((at, deed)) = storm.world.deeds.get(storm.next).cloned() {
            sleep_until(storm.began + Duration::from_millis(at)).await;
            storm.next += 1;
            while calls.try_join_next().is_some() {}
            match deed {
                Deed::Call(index) => _ = calls.spawn_local(self.way.clone().call(index)),
                Deed::Crash(crash) => return Some(crash),
                other => self.act(storm, other),
            }
            let failed = {
                let mut seen = self.way.witness.lock();
                seen.check(&self.way.meters);
                seen.failure.is_some()
            };
            if failed {
                return None;
            }
        }
        let ended = timeout(LONGEST, async { while calls.join_next().await.is_some() {} }).await;
        if ended.is_err() {
            self.way.witness.fail(format!("{} calls never end", calls.len()));
        }
        sleep(Duration::from_secs(2)).await;
        let meters = &self.way.meters;
        self.way.witness.lock().check_calm(meters);
        self.act(storm, Deed::Away(false));
        self.act(storm, Deed::Book(usize::MAX, true));
        let mut seen = self.way.witness.lock();
        seen.check(meters);
        seen.check_tokens(meters);
        None
    }

    fn act(&self, storm: &mut Storm<'_>, deed: Deed) {
        let office = storm.office;
        self.way.witness.note(&format!("{deed:?}"));
        match deed {
            // Neither booking nor changing anything comes to something then.
            Deed::Book(..) | Deed::Change(..) | Deed::Block(_) | Deed::Reset(_) if self.away.get() => {}
            Deed::Book(most, is_heard) => self.book(office, most, is_heard),
            Deed::Away(away) => self.away.set(away),
            Deed::Reload => _ = self.setup.replace(Arc::new(setup(&storm.world))),
            Deed::Change(whose, percent) => {
                let payer = &mut storm.payers[whose];
                payer.scale(percent);
                self.way.witness.lock().may(&payer.subject, &payer.allowance);
                office.write(Some(&self.registry), vec![payer.write()], Vec::new());
            }
            Deed::Block(whose) => {
                storm.payers[whose].block();
                office.write(Some(&self.registry), vec![storm.payers[whose].write()], Vec::new());
            }
            Deed::Reset(whose) => {
                let subject = &storm.payers[whose].subject;
                let names = office.sums().into_keys().filter(|(of, _)| of == subject);
                let names: Vec<_> = names.collect();
                self.way.witness.lock().reset(&names);
                office.write(Some(&self.registry), Vec::new(), names.into_iter().map(reset).collect());
            }
            Deed::Refuse(refuses) => self.shelf.refuse(refuses),
            Deed::Call(_) | Deed::Crash(_) => {}
        }
    }

    /// Books what is settled, up to so many entries at a time; all of it, if there is no end to `most`.
    fn book(&self, office: &Office, most: usize, is_heard: bool) {
        let mut sums = self.sums.borrow_mut();
        loop {
            let entries = self.shelf.next(most);
            sums.book(office, entries.as_slice(), Some(is_heard));
            if !is_heard && !entries.is_empty() {
                return;
            }
            if !self.shelf.booked() || most < usize::MAX {
                break;
            }
        }
        sums.learn(office);
        self.way.witness.lock().check_sums(&sums.meters, &sums.known);
    }
}

/// The configuration.
fn setup(world: &World) -> Setup {
    let deployments: Vec<_> = (0..world.hosts.len()).map(|host| Arc::new(deployment(world, host))).collect();
    let of_group = |hosts: &[usize]| hosts.iter().map(|host| deployments[*host].clone()).collect();
    let terms = Terms::of(&world.gateway, None, true, 0);
    Setup {
        rules: Arc::new(world.rules.clone()),
        access: Access { master_key: Some(Secret::new("the master key")), ..Access::default() },
        spending: Spending {
            limits: terms.limits,
            budget: terms.budgets.first().copied(),
            user_budget_in_teams: world.user_budget_in_teams,
            patience: Duration::from_millis(world.patience_ms),
            ..Spending::default()
        },
        heartbeat: Duration::from_millis(world.heartbeat_ms),
        telemetry: Telemetry { contents: true, content_bytes: 64, traces: true, ..Telemetry::default() },
        ..rig::setup(world.groups.iter().map(|(name, hosts)| (*name, of_group(hosts))))
    }
}

fn deployment(world: &World, number: usize) -> Deployment {
    let host = &world.hosts[number];
    let budget = |(limit, span)| Budget { limit, span, lenient: false };
    Deployment {
        endpoint: Endpoint::parse(&format!("http://{}:{}", host.name, number + 1)).expect("an address"),
        pricing: rig::priced(host.input, host.output),
        limits: Limits {
            connect: Duration::from_secs(2),
            total: Duration::from_secs(30),
            first_token: Duration::from_secs(10),
            idle: Duration::from_secs(15),
        },
        bounds: Bounds {
            limits: host.limits,
            is_strict: host.strict,
            budgets: host.budget.map(budget).into_iter().collect(),
            ..Bounds::default()
        },
        ..rig::deployment(&host.name)
    }
}
