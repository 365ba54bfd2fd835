//! The load runner on the command line: reads a plan in JSON from the file named, or from standard input, and prints
//! the report in JSON.

use drill::load::{Plan, run};
use std::fs::File;
use std::io::{self, Read, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    match work() {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            // Nobody left to tell is no reason to do more than fail.
            let _ = writeln!(io::stderr(), "load: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn work() -> Result<(), String> {
    let mut text = String::new();
    match std::env::args_os().nth(1) {
        Some(path) => File::open(path).and_then(|mut file| file.read_to_string(&mut text)),
        None => io::stdin().read_to_string(&mut text),
    }
    .map_err(|error| error.to_string())?;
    let plan: Plan = serde_json::from_str(&text).map_err(|error| format!("the plan: {error}"))?;
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
    let report = runtime.block_on(run(plan))?;
    let text = serde_json::to_string_pretty(&report).map_err(|error| error.to_string())?;
    writeln!(io::stdout(), "{text}").map_err(|error| error.to_string())
}
