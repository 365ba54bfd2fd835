use proptest::prelude::*;

use super::*;

/// Messages by the letters of their voices, each as long as 10.
fn parts(voices: &str) -> Vec<Part> {
    let voice = |letter| match letter {
        's' => Voice::System,
        'q' => Voice::Question,
        'a' => Voice::Answer,
        _ => Voice::Result,
    };
    voices.chars().map(|letter| Part { voice: voice(letter), length: 10 }).collect()
}

/// What stays of these messages if there is room for so many of them; dots are what goes.
fn check(rule: Truncation, voices: &str, room: u64, expected: &str) {
    let shown = match trim(rule, &parts(voices), room * 10) {
        Some(keep) => voices.chars().zip(keep).map(|(letter, keep)| if keep { letter } else { '.' }).collect(),
        None => "too long".to_owned(),
    };
    assert_eq!(shown, expected, "{rule:?} {voices} {room}");
}

#[test]
fn the_oldest_turns_go_whole_and_the_application_and_the_last_question_stay() {
    use Truncation::DropOldest;
    check(DropOldest, "sqaqaq", 9, "sqaqaq");
    check(DropOldest, "sqaqaq", 5, "s..qaq");
    check(DropOldest, "sqaqaq", 3, "s....q");
    check(DropOldest, "sqaqaq", 1, "too long");
    check(DropOldest, "qartqaq", 4, "....qaq");
    check(DropOldest, "qsaqsaq", 5, ".s.qsaq");
    check(DropOldest, "qqaaq", 4, "....q");
    check(DropOldest, "aqaq", 3, ".qaq");
}

#[test]
fn behind_the_last_question_the_oldest_steps_go_with_what_their_tools_said() {
    use Truncation::DropOldest;
    check(DropOldest, "qaqartarar", 6, "..q...arar");
    check(DropOldest, "qarrarrarr", 4, "q......arr");
    check(DropOldest, "qarrarrarr", 3, "too long");
    check(DropOldest, "sqara", 3, "sq..a");
}

#[test]
fn only_the_last_turn_stays_or_the_ends_do() {
    check(Truncation::KeepLast, "sqaqaqaq", 7, "s......q");
    check(Truncation::KeepLast, "sqaqaqaq", 8, "sqaqaqaq");
    check(Truncation::MiddleOut, "sqaqaqaqaq", 8, "sqaqa..qaq");
    check(Truncation::MiddleOut, "sqaqaqaqaq", 4, "sqa......q");
    check(Truncation::MiddleOut, "sqaqaqaqaq", 3, "too long");
    check(Truncation::Refuse, "qaq", 2, "too long");
    check(Truncation::Refuse, "qaq", 3, "qaq");
}

#[test]
fn nothing_is_nothing() {
    for rule in Truncation::ALL {
        check(rule, "", 0, "");
        check(rule, "s", 0, "too long");
        check(rule, "ar", 1, "too long");
        assert_eq!(Truncation::parse(rule.name()), Some(rule));
    }
}

#[test]
fn what_is_near_the_window_is_doubtful() {
    assert_eq!(fit(100, None), Fit::Yes);
    assert_eq!(fit(100, Some(100)), Fit::Yes);
    assert_eq!(fit(101, Some(100)), Fit::Doubtful);
    assert_eq!(fit(202, Some(100)), Fit::No);
    assert_eq!((tokens_of("claude-sonnet-4", 100), tokens_of("gpt-4o", 100)), (125, 100));
}

proptest! {
    #[test]
    fn pairs_are_never_split_and_as_much_as_said_is_left(
        voices in "s?q(ar{0,3}|q|s){0,12}(ar{1,2}|q)?",
        lengths in proptest::collection::vec(1u64..50, 60),
        most in 0u64..600,
        rule in 0usize..4,
    ) {
        let mut parts = parts(&voices);
        parts.iter_mut().zip(lengths).for_each(|(part, length)| part.length = length);
        if let Some(keep) = trim(Truncation::ALL[rule], &parts, most) {
            let left: u64 = parts.iter().zip(&keep).filter(|(_, keep)| **keep).map(|(part, _)| part.length).sum();
            prop_assert!(left <= most);
            for index in 1..parts.len() {
                // What a tool said has the answer that called it, with anything of the application between them.
                if parts[index].voice == Voice::Result && parts[index - 1].voice != Voice::System {
                    prop_assert_eq!(keep[index], keep[index - 1], "{} {:?}", voices, keep);
                }
            }
            let last = parts.iter().rposition(|part| part.voice == Voice::Question);
            prop_assert!(last.is_none_or(|index| keep[index]));
            prop_assert!(parts.iter().zip(&keep).all(|(part, keep)| part.voice != Voice::System || *keep));
            if rule != 0 {
                let stays = parts.iter().zip(&keep).find(|(part, keep)| **keep && part.voice != Voice::System);
                prop_assert!(stays.is_none_or(|(part, _)| part.voice == Voice::Question));
            }
        }
    }
}
