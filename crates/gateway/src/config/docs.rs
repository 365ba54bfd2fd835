//! The tables of keys as a page of the documentation. Only the test that keeps the page up to date needs it.

use std::fmt::Write;

use super::keys::{
    ALIAS, ALLOWED_FAILS, CACHE_PARAMS, CACHE_SEMANTIC, CREDENTIAL, DEFAULT_PRICE, GENERAL, GUARDRAIL,
    GUARDRAIL_PARAMS, GUARDRAIL_PATTERN, GUARDRAIL_RULE, GUARDRAIL_WORD, HARDWARE, ISSUER, Key, LIBRARY, LOOP_BREAKER,
    MARGIN, MARKER, MODEL, MODEL_INFO, NODE, PARAMS, PASS_THROUGH, RETRY_BUDGET, RETRY_POLICY, ROLE_MAPPING,
    ROLE_PERMISSION, ROUTE_RULE, ROUTE_WHEN, ROUTER, ROUTER_ENTRY, SCOPE_MAPPING, State, TOKENS, TOP, Table, USER_ROLE,
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

A `*` in the name of a key stands for any text. Any value may be `os.environ/NAME`. This page is generated from the
tables.

## Any OpenAI-compatible server

```yaml
model_list:
  - model_name: my-model
    litellm_params: {model: openai/its-name, api_base: http://gpu:8000/v1, api_key: none}
```

`openai/` with an address means any server that speaks OpenAI's dialect; only OpenAI's own servers get what only they
understand. `docs/providers.md` lists the providers that are known by name.

## Names with a star

`model_name: openai/*` serves every name that begins with `openai/`; what stands for the `*` takes the place of the `*`
in `model`. An alias wins over an exact name, that over a pattern, and of the patterns the one that spells out more.
`model_name: \"*\"` with `model: \"*\"` serves `provider/model` for every provider whose key is in the environment, for
engines on this machine, and names such as `gpt-...`, `claude-...` and `gemini-...` alone.

## Time limits

| | connect | whole answer | first content of a stream | silence within a stream |
|---|---|---|---|---|
| usual | 5 s | 600 s | 300 s | 120 s |
| engines of your own (Ollama, vLLM ...) | 5 s | 1800 s | 600 s | 300 s |

`timeout` bounds the first content of a stream too, and its silence if it is shorter; `stream_timeout` replaces both.
Callers have limits of their own: 10 s for a TLS handshake, 60 s for the head of a request and for a pause within its
body, and 5 minutes in which they take nothing of their answer.

## HTTPS

`--ssl_certfile_path` and `--ssl_keyfile_path` (or `SSL_CERTFILE_PATH` and `SSL_KEYFILE_PATH`) name a certificate and its
key, both in PEM form; with them the port serves HTTPS, by TLS 1.2 and 1.3, and nothing else. The server's own
certificate comes first in its file, its issuers behind it; the key must be free of a passphrase. Renewed files are taken
by themselves and on `SIGHUP`, without a restart. Files that cannot be used change nothing; the log says why.

## Going down

`SIGTERM` and `SIGINT` let calls in flight finish and accept no more. A request whose body has not arrived four seconds
later is refused with a 503 (Anthropic's 529). A second signal ends everything at once.

## Without a file

`lockgate --model ollama/llama3` serves one model. Without any flag `provider/*` is served for every provider whose key
is in the environment, `ollama/*` if an Ollama answers at `OLLAMA_API_BASE`, `OLLAMA_HOST` or its usual port, and
`mock/demo` if there is neither.
";

const TABLES: [&Table; 35] = [
    &TOP,
    &MODEL,
    &PARAMS,
    &MARKER,
    &MODEL_INFO,
    &HARDWARE,
    &CREDENTIAL,
    &ROUTER,
    &RETRY_POLICY,
    &RETRY_BUDGET,
    &ALLOWED_FAILS,
    &ALIAS,
    &ROUTER_ENTRY,
    &ROUTE_RULE,
    &ROUTE_WHEN,
    &NODE,
    &LIBRARY,
    &CACHE_PARAMS,
    &CACHE_SEMANTIC,
    &MARGIN,
    &DEFAULT_PRICE,
    &GENERAL,
    &LOOP_BREAKER,
    &ROLE_PERMISSION,
    &TOKENS,
    &ISSUER,
    &ROLE_MAPPING,
    &SCOPE_MAPPING,
    &USER_ROLE,
    &GUARDRAIL,
    &GUARDRAIL_PARAMS,
    &GUARDRAIL_PATTERN,
    &GUARDRAIL_WORD,
    &PASS_THROUGH,
    &GUARDRAIL_RULE,
];

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
        State::Honoured | State::Family => ("yes", ""),
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
