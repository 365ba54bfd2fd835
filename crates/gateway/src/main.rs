//! The `lockgate` binary: everything that touches the outside world meets here.

mod access_tokens;
mod added;
mod alarm;
mod alerts;
mod books;
mod bucket;
mod cli;
mod config;
mod control;
mod coordination;
mod demo;
mod door;
mod drills;
mod fetch;
mod health;
mod host;
mod key_sources;
mod live;
mod metrics;
mod nodes;
mod price_map;
mod responses;
mod seal;
mod serve;
mod showcase;
mod sinks;
mod stop;
mod tls;
mod worker;

use std::process::ExitCode;

// Measured beside mimalloc: the same processor time, half the memory per stream (docs/performance.md).
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let cli = cli::Cli::read();
    match cli.command {
        None => serve_or_check(cli.serve),
        Some(cli::Command::Serve(serve)) => serve_or_check(*serve),
        Some(cli::Command::Check(check)) => cli::check(&check.file),
        Some(cli::Command::Providers(list)) => cli::providers(&list),
        Some(cli::Command::Mock(mock)) => cli::mock(&mock),
        Some(cli::Command::Drill(drill)) => drills::run(&drill),
        Some(cli::Command::Demo(demo)) => showcase::run(&demo),
    }
}

fn serve_or_check(args: cli::ServeArgs) -> ExitCode {
    match (&args.config, args.validate_config) {
        (_, false) => serve::run(args),
        (Some(file), true) => cli::check(file),
        (None, true) => {
            eprintln!("there is no configuration to check; name it with --config");
            ExitCode::FAILURE
        }
    }
}
