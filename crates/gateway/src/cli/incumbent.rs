//! Flags that the incumbent's users have in their scripts and that mean nothing here: they are taken off with a word,
//! so that the same command line starts.

use std::ffi::OsString;

/// A flag of the incumbent without effect here.
struct Moot {
    flag: &'static str,
    takes_value: bool,
    why: &'static str,
}

const fn moot(flag: &'static str, takes_value: bool, why: &'static str) -> Moot {
    Moot { flag, takes_value, why }
}

const ONE_SERVER: &str = "there is one server, and it is built in";
const NO_PRISMA: &str = "no database schema is managed this way";
const NO_RECYCLING: &str = "workers need no recycling";

const MOOT: &[Moot] = &[
    moot("--add_function_to_prompt", false, "tools are always sent as tools"),
    moot("--azure_postgresql_auth", false, NO_PRISMA),
    moot("--ciphers", true, "only ciphers that are strong are spoken"),
    moot("--enforce_prisma_migration_check", false, NO_PRISMA),
    moot("--granian_threads", true, ONE_SERVER),
    moot("--iam_token_db_auth", false, NO_PRISMA),
    moot("--keepalive_timeout", true, "idle connections are kept as long as their clients want"),
    moot("--local", false, "it never had any"),
    moot("--log_config", true, "logging is chosen by --debug, --detailed_debug and LOCKGATE_LOG"),
    moot("--max_requests_before_restart", true, NO_RECYCLING),
    moot("--max_requests_before_restart_jitter", true, NO_RECYCLING),
    moot("--reload", false, "a changed configuration is always picked up"),
    moot("--run_granian", false, ONE_SERVER),
    moot("--run_gunicorn", false, ONE_SERVER),
    moot("--run_hypercorn", false, ONE_SERVER),
    moot("--telemetry", true, "nothing is ever reported to anybody"),
    moot("--timeout_worker_healthcheck", true, NO_RECYCLING),
    moot("--use_legacy_migration_resolver", false, NO_PRISMA),
    moot("--use_prisma_db_push", false, NO_PRISMA),
    moot("--use_queue", false, "it was retired long ago"),
    moot("--use_v2_migration_resolver", false, NO_PRISMA),
];

/// Takes the flags without effect off a command line; returns the rest, and a remark about each.
pub fn without_moot_flags(args: impl IntoIterator<Item = OsString>) -> (Vec<OsString>, Vec<String>) {
    let mut args = args.into_iter().peekable();
    let (mut kept, mut remarks) = (Vec::new(), Vec::new());
    while let Some(arg) = args.next() {
        let text = arg.to_string_lossy().into_owned();
        let (flag, inline) = text.split_once('=').map_or((&*text, false), |(flag, _)| (flag, true));
        let flag = flag.replace('-', "_").replacen("__", "--", 1);
        let Some(moot) = MOOT.iter().find(|moot| moot.flag == flag) else {
            kept.push(arg);
            continue;
        };
        remarks.push(format!("{} has no effect here: {}", moot.flag, moot.why));
        // A value that looks like a flag is the next flag: the incumbent's own parser took it so.
        if moot.takes_value && !inline {
            args.next_if(|value| !value.to_string_lossy().starts_with("--"));
        }
    }
    (kept, remarks)
}

#[cfg(test)]
mod tests;
