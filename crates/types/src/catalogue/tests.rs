use super::Abilities;
use crate::Effort::{self, High, Low, Max, Medium, Minimal, None as Off, XHigh};

fn efforts(max_effort: Effort, none: bool, minimal: bool, xhigh: bool) -> Abilities {
    Abilities { max_effort, effort_none: none, effort_minimal: minimal, effort_xhigh: xhigh, ..Abilities::default() }
}

#[test]
fn an_effort_the_model_does_not_know_becomes_the_nearest_one() {
    let check = |abilities: Abilities, pairs: &[(Effort, Effort)]| {
        for (wanted, given) in pairs {
            assert_eq!(abilities.fit_effort(*wanted), *given, "{wanted:?} of {abilities:?}");
        }
    };
    let unchanged = [Off, Minimal, Low, Medium, High, XHigh, Max].map(|effort| (effort, effort));
    check(efforts(Max, true, true, true), &unchanged);
    check(efforts(High, false, true, false), &[(Off, Minimal), (Minimal, Minimal), (XHigh, High), (Max, High)]);
    check(efforts(XHigh, true, false, true), &[(Off, Off), (Minimal, Low), (XHigh, XHigh), (Max, XHigh)]);
    check(efforts(Max, false, false, false), &[(Off, Low), (Minimal, Low), (XHigh, High), (Max, Max)]);
}

#[test]
fn sampling_depends_on_the_effort_where_reasoning_excludes_it() {
    let check = |default_effort, asked, expected| {
        let abilities =
            Abilities { reasoning: true, reasoning_excludes_sampling: true, default_effort, ..Abilities::default() };
        assert_eq!(abilities.takes_sampling(asked), expected, "{default_effort:?} {asked:?}");
    };
    check(Some(Off), None, true);
    check(Some(Off), Some(Low), false);
    check(None, None, false);
    check(None, Some(Off), true);
    check(Some(Medium), None, false);
}

#[test]
fn most_models_take_sampling_always_and_some_never() {
    assert!(Abilities::default().takes_sampling(Some(High)));
    let never = Abilities { sampling: false, ..Abilities::default() };
    assert!(!never.takes_sampling(Some(Off)));
}
