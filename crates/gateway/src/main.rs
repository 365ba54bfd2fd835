//! The `lockgate` binary: everything that touches the outside world meets here.

mod cli;
mod config;
mod control;
mod demo;
mod door;
mod live;
mod serve;
mod worker;

use std::process::ExitCode;

use clap::Parser;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    match cli.command {
        None => serve::run(cli.serve),
        Some(cli::Command::Serve(serve)) => serve::run(serve),
        Some(cli::Command::Check(check)) => cli::check(&check),
        Some(cli::Command::Providers(list)) => cli::providers(&list),
        Some(cli::Command::Mock(mock)) => cli::mock(&mock),
    }
}
