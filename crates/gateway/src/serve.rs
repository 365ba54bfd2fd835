//! `lockgate serve`: brings the threads up, says where it listens, reloads on request, and goes down without
//! cutting anybody off.

mod signals;
mod watch_file;

use std::io::{self, IsTerminal};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, ToSocketAddrs};
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;

use engine::sharing::Sharing;
use engine::{Meters, Roll};
use jiff::tz::TimeZone;
use tokio::runtime::Runtime;

use crate::books::{self, Books};
use crate::cli::{self, ServeArgs};
use crate::config::{self, Added, Copies};
use crate::control::{self, Cors};
use crate::coordination::Replica;
use crate::live::{Lasting, Live};
use crate::sinks::Carriers;
use crate::tls::Tls;
use crate::{access_tokens, added, alerts, health, host, key_sources, nodes, price_map, responses, stop, worker};
use watch_file::Versions;

/// Runs the gateway until it is told to stop.
pub fn run(args: ServeArgs) -> ExitCode {
    start_log(&args);
    let Ok(control) = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() else {
        complain("the system gives no threads to the control plane");
        return ExitCode::FAILURE;
    };
    let inside = control.enter();
    let ready = prepare(&args);
    drop(inside);
    match ready {
        Ok(ready) => ready.run(control),
        Err(problem) => {
            complain(&problem);
            ExitCode::FAILURE
        }
    }
}

/// Everything that can fail before the first call has been done.
struct Ready {
    live: Arc<Live>,
    listeners: Vec<TcpListener>,
    errands: tokio::sync::mpsc::Receiver<control::Errand>,
    announcement: String,
    seen: Versions,
}

fn prepare(args: &ServeArgs) -> Result<Ready, String> {
    let roll = Arc::new(Roll::default());
    let tls_files = args.tls_files()?;
    let seen = Versions::of(args.config.iter().chain(tls_files.iter().flatten()).cloned());
    let mut loaded = match &args.config {
        Some(file) => config::load(file, &config::process_env, &roll, &Copies::default(), &Added::default()),
        None => config::discover(&args.quick(), &config::process_env, &roll),
    };
    let findings = loaded.report.to_string();
    if !findings.is_empty() {
        complain(&findings);
    }
    let Some(setup) = loaded.setup.take() else {
        return Err("the configuration has errors; nothing was started".to_owned());
    };
    let tls = tls_files.map(Tls::read).transpose().map_err(|why| format!("HTTPS cannot be served: {why}"))?;
    let zone = loaded.keeping.zone.clone().unwrap_or(TimeZone::UTC);
    let (meters, replica) = match &loaded.keeping.redis {
        Some(site) => {
            let sharing = Arc::new(Sharing::default());
            let replica = Replica::new(site, sharing.clone());
            let replica = replica.map_err(|why| format!("the address of Redis cannot be used: {why}"))?;
            (Arc::new(Meters::shared(zone, sharing)), Some(Arc::new(replica)))
        }
        None => (Arc::new(Meters::new(zone)), None),
    };
    let books = match books::find(&loaded.keeping, args.config.as_deref(), &config::process_env)? {
        Some(place) => {
            loaded.found.push(place.shown.clone());
            let books = Books::new(&place, loaded.keeping.retention.clone(), meters.clone(), replica.clone());
            Some(Arc::new(books.map_err(|why| format!("{} cannot be used: {why}", place.spool.display()))?))
        }
        None => None,
    };
    let open = setup.access.is_open();
    let address = address(args, open)?;
    let listeners = worker::listeners(address, args.workers())
        .map_err(|error| format!("cannot listen on {address}: {error}; another port can be chosen with --port"))?;
    let address = listeners[0].local_addr().map_err(|error| error.to_string())?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    let announcement = announcement(&loaded.found, scheme, address, &setup);
    let (control, errands) = control::bridge();
    let cors = Cors::new(args.cors_origins.as_deref().unwrap_or_default());
    let lasting = Lasting { roll, books, meters, replica, control, cors, tls };
    let live = Arc::new(Live::new(setup, loaded, lasting));
    Ok(Ready { live, listeners, errands, announcement, seen })
}

/// Without a key only this machine may call, unless the operator says otherwise.
fn address(args: &ServeArgs, open: bool) -> Result<SocketAddr, String> {
    let host = match (&args.host, open) {
        (Some(host), _) => host.as_str(),
        (None, true) => return Ok((IpAddr::V4(Ipv4Addr::LOCALHOST), args.port).into()),
        (None, false) => "0.0.0.0",
    };
    let unknown = |why: String| format!("cannot listen on host {host}: {why}");
    let mut addresses = (host, args.port).to_socket_addrs().map_err(|error| unknown(error.to_string()))?;
    addresses.next().ok_or_else(|| unknown("it has no address".to_owned()))
}

/// What was found, where it listens, and a first call that works.
fn announcement(found: &[String], scheme: &str, address: SocketAddr, setup: &engine::Setup) -> String {
    let host = match address.ip() {
        ip if ip.is_unspecified() => "localhost".to_owned(),
        IpAddr::V6(ip) => format!("[{ip}]"),
        ip => ip.to_string(),
    };
    let url = format!("{scheme}://{host}:{}", address.port());
    let key = match setup.access.master_key {
        Some(_) => " -H \"authorization: Bearer $LITELLM_MASTER_KEY\"",
        None => "",
    };
    let model = setup.example_model().unwrap_or_else(|| "MODEL".to_owned());
    let body = format!(r#"{{"model":"{model}","messages":[{{"role":"user","content":"Hello!"}}]}}"#);
    let found: String = found.iter().map(|line| format!("{line}\n")).collect();
    format!(
        "{found}listening on {url}\ntry: curl {url}/v1/chat/completions{key} -H 'content-type: application/json' -d '{body}'"
    )
}

impl Ready {
    fn run(self, control: Runtime) -> ExitCode {
        let (stop, stopped) = stop::channel();
        // Whoever reads the announcement may signal at once.
        let inside = control.enter();
        let signals = signals::catch();
        drop(inside);
        let Ok(signals) = signals else {
            complain("the system lets nobody signal");
            return ExitCode::FAILURE;
        };
        if let Some(replica) = &self.live.replica {
            control.spawn(replica.clone().keep());
        }
        if let Some(books) = &self.live.books {
            control.spawn(books.clone().keep());
            if let Err(why) = control.block_on(books.opened()) {
                complain(&format!("the database cannot be used yet: {why}; until it can be, no virtual key is known"));
            }
            let seen = added::state(&books.registry.read());
            if seen != Default::default() {
                self.live.rebuild();
            }
            control.spawn(added::follow(self.live.clone(), seen));
        }
        if let Some(replica) = &self.live.replica {
            control.block_on(replica.opened());
        }
        control.spawn(signals.listen(self.live.clone(), stop));
        control.spawn(control::serve(self.live.clone(), self.errands));
        control.spawn(alerts::follow(self.live.clone()));
        control.spawn(price_map::follow(self.live.clone()));
        control.spawn(key_sources::follow(self.live.clone()));
        control.spawn(access_tokens::follow(self.live.clone()));
        control.spawn(responses::keep(self.live.clone()));
        let carriers = Carriers::start(&self.live, &control);
        nodes::keep(self.live.fleets());
        let inside = control.enter();
        host::watch(self.live.clone());
        drop(inside);
        let watched = watch_file::start(self.seen, self.live.clone());
        let watched = watched.inspect_err(|error| tracing::error!("changes of files are not noticed: {error}"));
        let workers = self.listeners.into_iter().enumerate().map(|(index, listener)| {
            let (live, stopped) = (self.live.clone(), stopped.clone());
            let name = format!("worker-{index}");
            let work = move || worker::run(listener, live, seed(index), stopped).inspect_err(not_served);
            thread::Builder::new().name(name).spawn(work).inspect_err(not_served)
        });
        let mut workers: Vec<_> = workers.collect();
        let (live, stopped) = (self.live.clone(), stopped.clone());
        let look_after = move || health::run(live, seed(usize::MAX), stopped).inspect_err(not_looked_after);
        workers.push(thread::Builder::new().name("health".to_owned()).spawn(look_after).inspect_err(not_looked_after));
        cli::print(&self.announcement);
        let mut code = ExitCode::SUCCESS;
        for worker in workers {
            match worker.map(thread::JoinHandle::join) {
                Ok(Ok(Ok(()))) => {}
                _ => code = ExitCode::FAILURE,
            }
        }
        drop(watched);
        carriers.close(&control);
        control.block_on(responses::close(&self.live));
        let booked = self.live.books.as_ref().and_then(|books| control.block_on(books.close()));
        if let Some(replica) = &self.live.replica {
            control.block_on(replica.close(booked));
        }
        control.shutdown_background();
        code
    }
}

/// A seed that differs between workers and between starts.
fn seed(index: usize) -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(index)
}

fn start_log(args: &ServeArgs) {
    let level = match (args.detailed_debug, args.debug) {
        (true, _) => "debug",
        (false, true) => "info",
        _ => "warn",
    };
    let filter = tracing_subscriber::EnvFilter::try_from_env("LOCKGATE_LOG");
    let filter = filter.unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(level));
    // Colours are for people, not for files.
    let colours = io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(io::stderr).init();
}

/// Reads again what may have changed on disk, and tells the log what came of it.
fn reload(live: &Live) {
    match live.reload() {
        Ok(report) => tracing::warn!("configuration reloaded\n{report}"),
        Err(report) => tracing::error!("the new configuration has errors and changes nothing\n{report}"),
    }
    match live.tls.as_ref().map(Tls::reload) {
        Some(Ok(true)) => tracing::warn!("certificate reloaded"),
        Some(Err(why)) => tracing::error!("the new certificate cannot be used and changes nothing: {why}"),
        Some(Ok(false)) | None => {}
    }
}

fn not_served(error: &io::Error) {
    tracing::error!("a worker cannot serve: {error}");
}

fn not_looked_after(error: &io::Error) {
    tracing::error!("nobody looks after the health of deployments: {error}");
}

fn complain(text: &str) {
    eprintln!("{}", text.trim_end());
}
