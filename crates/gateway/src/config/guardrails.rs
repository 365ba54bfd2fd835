//! `guardrails`: what calls and answers are looked over for, in the incumbent's words. A kind that there is not here is a
//! mistake, and so is whatever would make a guardrail hold back less than it says: nothing starts without.

mod bedrock;
mod remote;

use std::collections::HashSet;

use engine::{AccessTokens, Check, Finder, Guard, Guardrails, Modes, Size};
use guardrails::{Action, Class, Injection, Permission, Rule, Word, Words};
use types::{Format, Raw};

use super::environ::Env;
use super::keys::{GUARDRAIL, GUARDRAIL_PARAMS, GUARDRAIL_PATTERN, GUARDRAIL_RULE, GUARDRAIL_WORD};
use super::report::Notes;
use super::section::{Section, scalar};
use super::tree::{Node, Value};

/// Kinds that need nobody else.
const KINDS: [&str; 8] = [
    "pii",
    "secrets",
    "litellm_content_filter",
    "prompt_injection",
    "tool_permission",
    "language",
    "size",
    "json_schema",
];
/// Other names of kinds.
const OTHERS: [(&str, &str); 3] =
    [("hide-secrets", "secrets"), ("hide_secrets", "secrets"), ("content_filter", "litellm_content_filter")];
/// Most guardrails.
const MOST: usize = 64;
/// Longest name.
const LONGEST_NAME: usize = 128;
/// What words are called in verdicts that nobody named.
const WORD_NAME: &str = "word";

/// What is said for all of them elsewhere.
struct Usual {
    skips_system: bool,
    skips_tools: bool,
}

/// Reads the section.
pub fn read(
    node: Option<&Node>,
    library: &Section,
    (env, tokens): (&Env, &AccessTokens),
    notes: &mut Notes,
) -> Guardrails {
    let items = match node.map(|node| &node.value) {
        Some(Value::List(items)) => items.as_slice(),
        _ => &[],
    };
    let flag = |name| library.flag(name) == Some(true);
    let usual = Usual {
        skips_system: flag("skip_system_message_in_guardrail"),
        skips_tools: flag("skip_tool_message_in_guardrail"),
    };
    let (mut guards, mut names) = (Vec::new(), HashSet::new());
    for (index, node) in items.iter().enumerate() {
        let path = format!("guardrails[{index}]");
        if index == MOST {
            notes.error(node.place, &path, format!("more than {MOST} guardrails"), "put words and classes together");
            break;
        }
        let Some(guard) = guard(node, &path, (&usual, env, tokens), notes) else { continue };
        if !names.insert(guard.name.clone()) {
            notes.error(
                node.place,
                &path,
                format!("there are two guardrails '{}'", guard.name),
                "give each a name of its own",
            );
        }
        guards.push(guard);
    }
    Guardrails::new(guards)
}

fn guard(
    node: &Node,
    path: &str,
    (usual, env, tokens): (&Usual, &Env, &AccessTokens),
    notes: &mut Notes,
) -> Option<Guard> {
    let entry = Section::read(Some(node), path, &GUARDRAIL, notes);
    let Some(name) = entry.text("guardrail_name") else {
        entry.missing("guardrail_name", "guardrail_name: pii", notes);
        return None;
    };
    // It stands in a header, among others.
    let plain = name.len() <= LONGEST_NAME
        && name.bytes().all(|byte| (0x21..0x7f).contains(&byte) && byte != b',' || byte == b' ');
    if !plain {
        let remedy = format!("at most {LONGEST_NAME} characters of ASCII, no comma");
        notes.error(entry.place("guardrail_name"), &entry.at("guardrail_name"), "cannot be a name", remedy);
        return None;
    }
    let Some(params) = entry.node("litellm_params") else {
        entry.missing("litellm_params", "litellm_params: {guardrail: pii, mode: pre_call}", notes);
        return None;
    };
    let params = Section::read(Some(params), &entry.at("litellm_params"), &GUARDRAIL_PARAMS, notes);
    let Some(kind) = params.text("guardrail") else {
        params.missing("guardrail", "guardrail: pii", notes);
        return None;
    };
    let own = OTHERS.iter().find(|(other, _)| *other == kind).map_or(kind, |(_, own)| own);
    let check = match own {
        "pii" => find(&params, "pii", notes),
        "secrets" => find(&params, "secrets", notes),
        "litellm_content_filter" => filter(&params, notes),
        "prompt_injection" => injection(&params, notes),
        "tool_permission" => tools(&params, notes),
        "language" => languages(&params, notes),
        "size" => size(&params, notes),
        "json_schema" => Some(Check::Form(schema(&params))),
        _ if remote::KINDS.contains(&own) => remote::read(&params, own, (env, tokens), notes),
        _ => {
            let known = [&KINDS[..], &remote::KINDS].concat().join(", ");
            let message = format!("there is no guardrail '{kind}' here: nothing would be held back by it");
            notes.error(params.place("guardrail"), &params.at("guardrail"), message, format!("known: {known}"));
            None
        }
    }?;
    let modes = modes(&params, &check, notes)?;
    Some(Guard {
        name: name.to_owned(),
        kind: kind.to_owned(),
        modes,
        default_on: params.flag("default_on") == Some(true),
        skips_system: params.flag("skip_system_message_in_guardrail").unwrap_or(usual.skips_system),
        skips_tools: params.flag("skip_tool_message_in_guardrail").unwrap_or(usual.skips_tools),
        check,
    })
}

fn modes(params: &Section, check: &Check, notes: &mut Notes) -> Option<Modes> {
    let mut modes = Modes::default();
    let (mut given, mut fine) = (false, true);
    for (name, place) in params.texts("mode") {
        given = true;
        if !modes.add(name.trim()) {
            fine = false;
            notes.error(place, &params.at("mode"), format!("there is no mode '{name}' here"), Modes::NAMES.join(", "));
        }
    }
    if !given {
        modes = match check.is_of_answers() {
            true => Modes { post: true, ..Modes::default() },
            false => Modes { pre: true, ..Modes::default() },
        };
    }
    if check.is_of_answers() && !modes.post {
        notes.error(params.place("mode"), &params.at("mode"), "it looks at answers alone", "write mode: post_call");
        return None;
    }
    if matches!(check, Check::Injection(_)) && modes.post {
        let remedy = "write mode: pre_call";
        notes.error(params.place("mode"), &params.at("mode"), "it looks at requests alone", remedy);
        return None;
    }
    if matches!(check, Check::Remote(_)) && modes.logging {
        let remedy = "write mode: pre_call, during_call or post_call";
        notes.error(params.place("mode"), &params.at("mode"), "nobody is asked by network for the log alone", remedy);
        return None;
    }
    fine.then_some(modes)
}

/// What is to become of what is found, by a key of `section`.
fn action(section: &Section, key: &str, usual: Action, notes: &mut Notes) -> Option<Action> {
    match section.text(key) {
        None => Some(usual),
        Some(name) => named(name).or_else(|| {
            notes.error(section.place(key), &section.at(key), format!("there is no action '{name}'"), actions());
            None
        }),
    }
}

fn named(name: &str) -> Option<Action> {
    match name.trim().to_ascii_lowercase().as_str() {
        "unmask" | "mask-and-unmask" => Some(Action::Unmask),
        name => Action::parse(name),
    }
}

fn actions() -> String {
    Action::ALL.map(|(name, _)| name).join(", ")
}

/// What is masked unless something else is said.
fn masking(params: &Section) -> Action {
    match params.flag("output_parse_pii") == Some(true) {
        true => Action::Unmask,
        false => Action::Mask,
    }
}

/// Masks are put back if that is wanted for all.
fn put_back(params: &Section, action: Action) -> Action {
    if action == Action::Mask { masking(params) } else { action }
}

fn find(params: &Section, group: &str, notes: &mut Notes) -> Option<Check> {
    let usual = put_back(params, action(params, "action", Action::Mask, notes)?);
    let (mut wanted, mut fine) = (Vec::new(), true);
    let mut add = |name: &str, action, place, key: &str, notes: &mut Notes| {
        let classes = Class::parse(name.trim());
        if classes.is_empty() {
            fine = false;
            let known = Class::ALL.iter().map(|class| class.name()).collect::<Vec<_>>().join(", ");
            let message = format!("there is no class '{name}'");
            notes.error(place, &params.at(key), message, format!("known: pii, national_id, secrets, {known}"));
        }
        // What is said of one class counts more than what is said of a group.
        let several = classes.len() > 1;
        wanted.extend(classes.into_iter().map(|class| (several, class, action)));
    };
    for (name, place) in params.texts("entities") {
        add(name, usual, place, "entities", notes);
    }
    if let Some(Node { value: Value::Map(entries), .. }) = params.node("pii_entities_config") {
        for (name, node) in entries {
            match scalar(node).and_then(|scalar| named(&scalar.text)) {
                Some(action) => add(name, put_back(params, action), node.place, "pii_entities_config", notes),
                None => {
                    notes.error(node.place, &params.at("pii_entities_config"), format!("{name}: no action"), actions());
                    return None;
                }
            }
        }
    }
    let names: Vec<String> = params.texts("names").iter().map(|(name, _)| (*name).to_owned()).collect();
    if wanted.is_empty() && fine {
        wanted.extend(Class::parse(group).into_iter().map(|class| (true, class, usual)));
    }
    if !names.is_empty() {
        wanted.push((true, Class::Name, usual));
    }
    wanted.sort_by_key(|(several, ..)| std::cmp::Reverse(*several));
    let actions = wanted.into_iter().map(|(_, class, action)| (class, action)).collect();
    fine.then(|| Check::Find(Finder::new(actions, &names)))
}

fn items<'t>(params: &Section<'t>, key: &str) -> &'t [Node] {
    match params.node(key).map(|node| &node.value) {
        Some(Value::List(items)) => items,
        _ => &[],
    }
}

/// Classes, words and patterns; a filter has one of both kinds.
fn filter(params: &Section, notes: &mut Notes) -> Option<Check> {
    let usual = action(params, "action", Action::Block, notes)?;
    let (mut classes, mut regexes, mut words, mut fine) = (Vec::new(), Vec::new(), Vec::new(), true);
    for (index, node) in items(params, "patterns").iter().enumerate() {
        let path = format!("{}[{index}]", params.at("patterns"));
        let pattern = Section::read(Some(node), &path, &GUARDRAIL_PATTERN, notes);
        let action = put_back(params, action(&pattern, "action", usual, notes)?);
        match (pattern.text("pattern_name"), pattern.text("pattern")) {
            (Some(name), None) => {
                let found = Class::parse(name);
                if found.is_empty() {
                    fine = false;
                    let known = Class::ALL.iter().map(|class| class.name()).collect::<Vec<_>>().join(", ");
                    let message = format!("there is no class '{name}'");
                    notes.error(
                        pattern.place("pattern_name"),
                        &pattern.at("pattern_name"),
                        message,
                        format!("known: {known}"),
                    );
                }
                classes.extend(found.into_iter().map(|class| (class, action)));
            }
            (_, Some(regex)) => {
                let name = pattern.text("name").map_or_else(|| format!("pattern {}", index + 1), str::to_owned);
                regexes.push((regex.to_owned(), Word { name, action }));
            }
            (None, None) => {
                fine = false;
                pattern.missing("pattern", r"pattern: '\bEMP-\d{6}\b'", notes);
            }
        }
    }
    for (index, node) in items(params, "blocked_words").iter().enumerate() {
        let path = format!("{}[{index}]", params.at("blocked_words"));
        let numbered = || format!("{WORD_NAME} {}", index + 1);
        if let Some(word) = scalar(node) {
            words.push((word.text.clone(), Word { name: numbered(), action: put_back(params, usual) }));
            continue;
        }
        let word = Section::read(Some(node), &path, &GUARDRAIL_WORD, notes);
        let action = put_back(params, action(&word, "action", usual, notes)?);
        match word.text("keyword") {
            Some(keyword) => {
                let name = word.text("name").map_or_else(numbered, str::to_owned);
                words.push((keyword.to_owned(), Word { name, action }));
            }
            None => {
                fine = false;
                word.missing("keyword", "keyword: 'project x'", notes);
            }
        }
    }
    if !fine {
        return None;
    }
    match (classes.is_empty(), regexes.is_empty() && words.is_empty()) {
        (true, true) => {
            let remedy = "list `patterns` or `blocked_words`";
            notes.error(params.place, &params.path, "it would find nothing", remedy);
            None
        }
        (false, true) => Some(Check::Find(Finder::new(classes, &[]))),
        (no_classes, _) => match Words::new(words, regexes) {
            Ok(words) if no_classes => Some(Check::Words(words)),
            Ok(words) => Some(Check::Both(Finder::new(classes, &[]), words)),
            Err(why) => {
                notes.error(params.place, &params.path, why, "see docs/guardrails.md");
                None
            }
        },
    }
}

fn injection(params: &Section, notes: &mut Notes) -> Option<Check> {
    let threshold = params.small("threshold").unwrap_or(Injection::default().threshold);
    if !(1..=20).contains(&threshold) {
        notes.error(params.place("threshold"), &params.at("threshold"), "must be 1 to 20", "write e.g. threshold: 10");
        return None;
    }
    Some(Check::Injection(Injection { threshold }))
}

fn tools(params: &Section, notes: &mut Notes) -> Option<Check> {
    let mut rules = Vec::new();
    for (index, node) in items(params, "rules").iter().enumerate() {
        let path = format!("{}[{index}]", params.at("rules"));
        let rule = Section::read(Some(node), &path, &GUARDRAIL_RULE, notes);
        let Some(pattern) = rule.text("tool_name") else {
            rule.missing("tool_name", "tool_name: 'search_*'", notes);
            return None;
        };
        let allows = decision(&rule, "decision", None, notes)?;
        let id = rule.text("id").map_or_else(|| format!("rule {}", index + 1), str::to_owned);
        match Rule::new(&id, pattern, allows) {
            Ok(rule) => rules.push(rule),
            Err(why) => {
                notes.error(rule.place("tool_name"), &rule.at("tool_name"), why, "");
                return None;
            }
        }
    }
    let others = decision(params, "default_action", Some(false), notes)?;
    Some(Check::Tools(Permission { rules, others }))
}

fn decision(section: &Section, key: &str, usual: Option<bool>, notes: &mut Notes) -> Option<bool> {
    match (section.text(key).map(str::to_ascii_lowercase).as_deref(), usual) {
        (Some("allow"), _) => Some(true),
        (Some("deny"), _) => Some(false),
        (None, Some(usual)) => Some(usual),
        (_, _) => {
            notes.error(
                section.place(key),
                &section.at(key),
                "neither allow nor deny",
                format!("write e.g. {key}: deny"),
            );
            None
        }
    }
}

fn languages(params: &Section, notes: &mut Notes) -> Option<Check> {
    let codes: Vec<String> =
        params.texts("languages").iter().map(|(code, _)| code.trim().to_ascii_lowercase()).collect();
    if codes.is_empty() {
        notes.error(params.place, &params.at("languages"), "is missing", "write e.g. languages: [en, de]");
        return None;
    }
    Some(Check::Language(codes))
}

fn size(params: &Section, notes: &mut Notes) -> Option<Check> {
    let (input_chars, messages) = (params.count("max_input_chars"), params.count("max_messages"));
    let size = Size { input_chars, messages, output_chars: params.count("max_output_chars") };
    if size == Size::default() {
        notes.error(params.place, &params.path, "it bounds nothing", "write e.g. max_input_chars: 100000");
        return None;
    }
    Some(Check::Size(size))
}

fn schema(params: &Section) -> Option<Format> {
    let schema = Raw::new(params.node("schema")?.json());
    Some(Format::Schema { name: None, description: None, schema, strict: None })
}

#[cfg(test)]
mod tests;
