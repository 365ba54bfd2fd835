//! The command line, as the incumbent's users type it.

mod incumbent;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::builder::Resettable;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use engine::Roll;
use providers::{Auth, Provider};
use serde_json::{Value, json};

use crate::config::{self, Added, Copies, Quick};
use crate::drills::DrillArgs;
use crate::showcase::DemoArgs;

/// One self-hosted gateway in front of every language model.
#[derive(Parser)]
#[command(name = "lockgate", version, args_conflicts_with_subcommands = true)]
pub struct Cli {
    /// What to do; without a word it serves.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Flags of `serve`.
    #[command(flatten)]
    pub serve: ServeArgs,
}

/// What to do.
#[derive(Subcommand)]
pub enum Command {
    /// Serve the models of a configuration, or whatever is found on this machine.
    Serve(Box<ServeArgs>),
    /// Check a configuration file and say everything that is wrong or risky in it.
    Check(CheckArgs),
    /// List the providers that can be named in `model: provider/model`.
    Providers(ProvidersArgs),
    /// Serve mock providers in every dialect, with faults and delays on request.
    Mock(MockArgs),
    /// Break each deployment of a configuration in every way that providers break, with mock providers in their place, and
    /// report what calls would notice of it. No provider is called.
    Drill(DrillArgs),
    /// Make a folder with the configuration and the database of a company that has called models for ninety days.
    Demo(DemoArgs),
}

/// Flags of `serve`.
#[derive(Args, Clone, Default)]
pub struct ServeArgs {
    /// Configuration file (the incumbent's config.yaml).
    #[arg(short, long, env = "CONFIG_FILE_PATH")]
    pub config: Option<PathBuf>,
    /// Port to listen on; 0 takes a free one.
    #[arg(long, env = "PORT", default_value_t = 4000)]
    pub port: u16,
    /// Address to listen on; without a master key only this machine may call by default.
    #[arg(long, env = "HOST")]
    pub host: Option<String>,
    /// Worker threads; one per core by default.
    #[arg(long = "num_workers", alias = "num-workers", env = "NUM_WORKERS")]
    num_workers: Option<usize>,
    /// Log what happens.
    #[arg(long, env = "DEBUG", num_args = 0..=1, default_missing_value = "true", default_value_t = false, value_parser = clap::builder::FalseyValueParser::new())]
    pub debug: bool,
    /// Log everything that happens.
    #[arg(long = "detailed_debug", alias = "detailed-debug", env = "DETAILED_DEBUG", num_args = 0..=1, default_missing_value = "true", default_value_t = false, value_parser = clap::builder::FalseyValueParser::new())]
    pub detailed_debug: bool,
    /// Origins whose pages may call from a browser, separated by commas; `*` for all.
    #[arg(long = "cors-origins", alias = "cors_origins", env = "LITELLM_CORS_ORIGINS")]
    pub cors_origins: Option<String>,
    /// Private key in PEM form: with it and its certificate callers are served over HTTPS.
    #[arg(long = "ssl_keyfile_path", alias = "ssl-keyfile-path", env = "SSL_KEYFILE_PATH")]
    ssl_keyfile_path: Option<PathBuf>,
    /// Certificate in PEM form, its issuers behind it.
    #[arg(long = "ssl_certfile_path", alias = "ssl-certfile-path", env = "SSL_CERTFILE_PATH")]
    ssl_certfile_path: Option<PathBuf>,
    /// Serve this one model, for example `ollama/llama3`.
    #[arg(short, long)]
    model: Option<String>,
    /// Name under which `--model` is served.
    #[arg(long)]
    alias: Option<String>,
    /// Address of the provider of `--model`.
    #[arg(long = "api_base", alias = "api-base")]
    api_base: Option<String>,
    /// Temperature for `--model` where callers give none.
    #[arg(long)]
    temperature: Option<f64>,
    /// Output bound for `--model` where callers give none.
    #[arg(long = "max_tokens", alias = "max-tokens")]
    max_tokens: Option<u64>,
    /// Seconds that a call of `--model` may take.
    #[arg(long = "request_timeout", alias = "request-timeout")]
    request_timeout: Option<f64>,
    /// Only check the configuration, as `check` does.
    #[arg(long = "validate_config", alias = "validate-config")]
    pub validate_config: bool,
    /// Drop parameters that `--model` does not know instead of refusing them.
    #[arg(long = "drop_params", alias = "drop-params")]
    drop_params: bool,
}

/// Flags of `check`.
#[derive(Args)]
pub struct CheckArgs {
    /// Configuration file.
    pub file: PathBuf,
}

/// Flags of `providers`.
#[derive(Args)]
pub struct ProvidersArgs {
    /// Print the table of docs/providers.md.
    #[arg(long)]
    markdown: bool,
    /// Print them as JSON: all that is known of each.
    #[arg(long, conflicts_with = "markdown")]
    json: bool,
}

/// Flags of `mock`.
#[derive(Args)]
pub struct MockArgs {
    /// Port to listen on; 0 takes a free one.
    #[arg(long, default_value_t = 4001)]
    port: u16,
    /// Address to listen on.
    #[arg(long, default_value = "127.0.0.1")]
    host: std::net::IpAddr,
    /// Threads.
    #[arg(long, default_value_t = 1)]
    workers: usize,
    /// Do not record requests (for benchmarks).
    #[arg(long)]
    no_record: bool,
    /// Do not check requests as the vendor would (for benchmarks).
    #[arg(long)]
    no_check: bool,
}

impl Cli {
    /// Reads the command line of this process. What has no effect is said on standard error.
    pub fn read() -> Self {
        let (args, remarks) = incumbent::without_moot_flags(std::env::args_os());
        for remark in remarks {
            eprintln!("{remark}");
        }
        let matches = without_empty_variables(Cli::command()).get_matches_from(args);
        Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
    }
}

/// A variable that is set to nothing counts as not set, as at the incumbent.
fn without_empty_variables(command: clap::Command) -> clap::Command {
    let command = command.mut_args(|arg| match arg.get_env().and_then(std::env::var_os) {
        Some(value) if value.is_empty() => arg.env(Resettable::Reset),
        _ => arg,
    });
    command.mut_subcommands(without_empty_variables)
}

impl ServeArgs {
    /// Number of data-plane threads.
    pub fn workers(&self) -> usize {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        self.num_workers.filter(|workers| *workers > 0).unwrap_or(cores)
    }

    /// Certificate and key, if callers are to be served over HTTPS.
    pub fn tls_files(&self) -> Result<Option<[PathBuf; 2]>, String> {
        match (self.ssl_certfile_path.clone(), self.ssl_keyfile_path.clone()) {
            (Some(certificate), Some(key)) => Ok(Some([certificate, key])),
            (None, None) => Ok(None),
            (Some(_), None) => Err("HTTPS needs --ssl_keyfile_path beside --ssl_certfile_path".to_owned()),
            (None, Some(_)) => Err("HTTPS needs --ssl_certfile_path beside --ssl_keyfile_path".to_owned()),
        }
    }

    /// The flags that describe one model.
    pub fn quick(&self) -> Quick {
        Quick {
            model: self.model.clone(),
            alias: self.alias.clone(),
            api_base: self.api_base.clone(),
            temperature: self.temperature,
            max_tokens: self.max_tokens,
            request_timeout: self.request_timeout,
            drop_params: self.drop_params,
        }
    }
}

/// `lockgate check`: prints the findings; fails if one of them is an error.
pub fn check(file: &Path) -> ExitCode {
    let loaded = config::load(file, &config::process_env, &Roll::default(), &Copies::default(), &Added::default());
    print(&format!("{:#}", loaded.report));
    match loaded.setup {
        Some(setup) => {
            let deployments: usize = setup.groups.values().map(|group| group.deployments.len()).sum();
            let groups = setup.groups.len() + setup.patterns.len();
            print(&format!("{}: {groups} models on {deployments} deployments", file.display()));
            ExitCode::SUCCESS
        }
        None => ExitCode::FAILURE,
    }
}

/// `lockgate providers`.
pub fn providers(args: &ProvidersArgs) -> ExitCode {
    if args.markdown {
        print(&providers::markdown());
        return ExitCode::SUCCESS;
    }
    if args.json {
        let all: Vec<Value> = providers::all().iter().map(described).collect();
        print(&format!("{:#}", Value::from(all)));
        return ExitCode::SUCCESS;
    }
    for provider in providers::all() {
        let base = provider.api_base.unwrap_or("(api_base)");
        let key = provider.key_env.first().unwrap_or(&"-");
        print(&format!("{:24} {:9} {:34} {base}", provider.id, provider.dialect, key));
    }
    ExitCode::SUCCESS
}

fn described(provider: &Provider) -> Value {
    let auth = match provider.auth {
        Auth::Bearer | Auth::Typed(_) => "bearer",
        Auth::Scheme(name) | Auth::Header(name) => name,
        Auth::Basic => "basic",
        Auth::None => "none",
    };
    json!({
        "id": provider.id,
        "display_name": provider.display_name,
        "api_base": provider.api_base,
        "api_base_env": provider.base_env,
        "api_key_env": provider.key_env,
        "auth": auth,
        "api_key_optional": provider.key_optional,
        "dialect": provider.dialect,
        "endpoints": provider.endpoints.names().collect::<Vec<_>>(),
        "local": provider.local,
        "note": provider.note,
    })
}

/// `lockgate mock`.
pub fn mock(args: &MockArgs) -> ExitCode {
    let addr = (args.host, args.port).into();
    let options = drill::mock::Options { addr, record: !args.no_record, check: !args.no_check, ..Default::default() };
    let announce = |address| print(&format!("listening on http://{address}"));
    match drill::serve(options, args.workers, announce) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("the mock providers cannot listen on {addr}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Prints a line for people or scripts; a reader that went away is no reason to fail.
pub fn print(text: &str) {
    let text = text.trim_end();
    if !text.is_empty() {
        let _ = writeln!(std::io::stdout(), "{text}");
    }
}
