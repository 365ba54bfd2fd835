//! What one tenant asked is nothing that another one could get, see or measure: of answers to the same question, and of
//! answers to questions that mean the same.

use std::time::Instant;

use serde_json::json;

use super::{AGAIN, QUESTION, Scene, mock, said};
use crate::backs::asked;
use crate::callers::Front;
use crate::client::Answer;

fn names(answer: &Answer) -> Vec<&str> {
    answer.head.headers.iter().map(|(name, _)| name.as_str()).collect()
}

#[tokio::test]
async fn nobody_gets_or_learns_of_an_answer_to_what_somebody_else_asked() {
    let scene = Scene::with("", "").await;
    let (one, other) = (scene.key(json!({})).await, scene.key(json!({})).await);
    let mut known = 0;
    for stream in [false, true] {
        let ask = async |key: &str, text: &str| scene.ask_as(key, Front::Chat, "demo", text, stream).await;
        let first = ask(&one, QUESTION).await;
        assert_eq!(said(&first), "miss");
        known += 1;
        scene.until_known(known).await;
        let (before, made) = (scene.provider.requests().len(), scene.made());
        for text in [QUESTION, AGAIN] {
            let strange = ask(&other, text).await;
            known += 1;
            scene.until_known(known).await;
            // What the second one gets, apart from what it asked itself, is what it would get if nobody had asked before.
            let expected = if text == QUESTION { ("miss", names(&first)) } else { ("miss", names(&strange)) };
            assert_ne!(strange.header("x-litellm-cache-key"), first.header("x-litellm-cache-key"));
            if text == QUESTION {
                assert_eq!((said(&strange), names(&strange)), expected);
                scene
                    .master()
                    .done("POST", "/cache/delete", json!({ "keys": [strange.header("x-litellm-cache-key")] }))
                    .await;
                known -= 1;
            } else {
                assert_eq!((said(&strange), names(&strange)), expected);
            }
        }
        assert_eq!(scene.provider.requests().len() - before, 2, "it went the whole way");
        assert_eq!(scene.made() - made, 2, "and its vectors were made anew, not taken from the other one's");
        assert_eq!(said(&ask(&one, AGAIN).await), "semantic");
        scene.provider.clear();
    }
}

#[tokio::test]
async fn who_shares_answers_shares_those_to_other_questions_too() {
    let scene = Scene::with("", ", scope: team").await;
    for team in ["red", "blue"] {
        scene.master().done("POST", "/team/new", json!({ "team_id": team })).await;
    }
    let of_team = async |team: &str| scene.key(json!({ "team_id": team })).await;
    let (ann, bob, eve) = (of_team("red").await, of_team("red").await, of_team("blue").await);
    let ask = async |key: &str, text: &str| scene.ask_as(key, Front::Chat, "demo", text, false).await;
    assert_eq!(said(&ask(&ann, QUESTION).await), "miss");
    scene.until_known(1).await;
    assert_eq!([said(&ask(&bob, AGAIN).await), said(&ask(&eve, AGAIN).await)], ["semantic", "miss"]);
    assert_eq!(asked(&scene.provider, "red fox").len(), 2);
}

/// How many times it is asked.
const ROUNDS: usize = 20;
/// How long the provider takes, milliseconds: an answer that is given again takes next to nothing.
const PROVIDER_MS: u64 = 80;

/// By how many milliseconds calls of `key` that say what somebody has asked before are faster than those that say what nobody
/// has: the median of pairs, which a busy machine hits alike.
async fn faster(scene: &Scene, key: &str, texts: impl Fn(usize, &str) -> String) -> f64 {
    let took = async |text: String| {
        let began = Instant::now();
        let answer = scene.ask_as(key, Front::Chat, "demo", &text, false).await;
        assert_eq!(said(&answer), "miss", "{text}");
        began.elapsed().as_secs_f64() * 1000.0
    };
    let mut faster = Vec::new();
    for round in 0..ROUNDS {
        let (asked, fresh) = (texts(round, "asked"), texts(round, "fresh"));
        // Each comes first as often as the other.
        faster.push(match round % 2 {
            0 => -took(asked).await + took(fresh).await,
            _ => took(fresh).await - took(asked).await,
        });
    }
    faster.sort_by(f64::total_cmp);
    faster[ROUNDS / 2]
}

#[tokio::test]
async fn the_time_of_a_call_does_not_tell_what_somebody_else_has_asked() {
    let scene = Scene::of(mock(&format!("delay_ms={PROVIDER_MS}")).await, "threshold: 0.9999", "").await;
    let (one, other) = (scene.key(json!({})).await, scene.key(json!({})).await);
    // Words without numbers or names: all of these questions lie where they are compared with each other.
    let word = |number: usize| -> String {
        format!("{number:04}").chars().map(|digit| char::from(b'a' + digit as u8 - b'0')).collect()
    };
    let exactly = |round: usize, which: &str| format!("{which} {} tell me", word(round));
    let in_other_words = |round: usize, which: &str| format!("tell me {} {which}", word(round + 1_000));
    for round in 0..ROUNDS {
        scene.ask_as(&one, Front::Chat, "demo", &exactly(round, "asked"), false).await;
        let words = format!("{} asked tell me", word(round + 1_000));
        scene.ask_as(&one, Front::Chat, "demo", &words, false).await;
    }
    scene.until_known(2 * ROUNDS as u64).await;
    // The second one has asked something too, so that its questions are compared with that.
    scene.ask_as(&other, Front::Chat, "demo", "something else", false).await;
    scene.until_known(2 * ROUNDS as u64 + 1).await;
    type Texts<'a> = &'a dyn Fn(usize, &str) -> String;
    for texts in [&exactly as Texts, &in_other_words] {
        let (asked, made) = (scene.provider.requests().len(), scene.made());
        let faster = faster(&scene, &other, texts).await;
        println!("what was asked before is faster by {faster:.3} ms");
        assert!(faster.abs() < PROVIDER_MS as f64 / 2.5, "{faster} ms");
        assert_eq!((scene.provider.requests().len() - asked, scene.made() - made), (2 * ROUNDS, 2 * ROUNDS));
    }
}
