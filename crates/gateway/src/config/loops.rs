//! What is done about keys that run in circles: `general_settings.loop_breaker`.

use policy::runaway::{Breaking, RunawayRules, RunawayWish};

use super::keys::LOOP_BREAKER;
use super::report::Notes;
use super::section::Section;

/// Reads `loop_breaker`.
pub fn read(general: &Section, notes: &mut Notes) -> RunawayRules {
    let (node, path) = (general.node("loop_breaker"), general.at("loop_breaker"));
    let section = Section::read(node, &path, &LOOP_BREAKER, notes);
    let millis = |name| section.seconds(name).map(|seconds| u64::try_from(seconds.as_millis()).unwrap_or(u64::MAX));
    RunawayRules::default().with(&RunawayWish {
        breaking: action(&section, notes),
        same: section.small("same"),
        within_ms: millis("window"),
        burst: section.small("burst"),
        burst_floor: section.small("burst_floor"),
        delay_ms: millis("delay"),
        block_ms: millis("block_for"),
    })
}

fn action(section: &Section, notes: &mut Notes) -> Option<Breaking> {
    let text = section.text("action")?;
    let breaking = Breaking::find(text);
    if breaking.is_none() {
        let names = Breaking::ALL.map(Breaking::name).join(", ");
        let message = format!("nothing is called {text:?} that can be done about a key that runs in circles");
        notes.error(section.place("action"), &section.at("action"), message, format!("write one of {names}"));
    }
    breaking
}
