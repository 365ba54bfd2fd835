//! The tables of keys as a page of the documentation. Only the test that keeps the page up to date needs it.

use std::fmt::Write;

use super::keys::{
    ALIAS, CREDENTIAL, GENERAL, Key, LIBRARY, MODEL, MODEL_INFO, PARAMS, RETRY_POLICY, ROUTER, State, TOP, Table,
};

const INTRO: &str = "\
# Configuration

Lockgate takes the `config.yaml` of the LiteLLM Proxy as it is. `lockgate check config.yaml` names every mistake and
every risk with its line. This page lists all keys and what becomes of them:

- **yes**: it does what the table says;
- **noted**: accepted as information;
- **not yet**: known, but without effect; `check` says so wherever one is used. Keys marked **not yet!** are meant to
  hold something back: do not rely on them;
- **moot**: it will never have an effect here, and why.

A `*` in a name stands for any text. Any value may be `os.environ/NAME`. This page is generated from the tables.
";

const TABLES: [&Table; 10] =
    [&TOP, &MODEL, &PARAMS, &MODEL_INFO, &CREDENTIAL, &ROUTER, &RETRY_POLICY, &ALIAS, &LIBRARY, &GENERAL];

/// The page `docs/configuration.md`.
pub fn markdown() -> String {
    let mut page = INTRO.to_owned();
    for table in TABLES {
        // Writing to a string cannot fail.
        let _ = writeln!(page, "\n## `{}`\n\n| key | takes | honoured | meaning |\n|---|---|---|---|", table.name);
        table.rows().for_each(|key| push_row(&mut page, key));
        if table.open {
            page.push_str("\nOther keys are allowed here.\n");
        }
    }
    page
}

fn push_row(page: &mut String, key: &Key) {
    let (state, why) = match key.state {
        State::Honoured => ("yes", ""),
        State::Noted => ("noted", ""),
        State::Later => ("not yet", ""),
        State::Unguarded => ("**not yet!**", ""),
        State::Moot(why) => ("moot", why),
    };
    let why = if why.is_empty() { String::new() } else { format!(": {why}") };
    let _ = writeln!(page, "| `{}` | {} | {state} | {}{why} |", key.name, key.kind.noun(), key.doc);
}

#[cfg(test)]
mod tests;
