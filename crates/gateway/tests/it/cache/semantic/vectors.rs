//! Questions in a Redis that has vectors: replicas know what others have learned when it is asked.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{AGAIN, QUESTION, Scene, config, said, until};
use crate::callers::Front;
use crate::client::Answer;
use crate::gateway::Gateway;
use crate::manage::{MASTER, Person};
use crate::servers::{Redis, Server};

/// Two replicas before the same provider, and what they share.
struct Replicas {
    redis: Server,
    one: Scene,
    other: Gateway,
}

impl Replicas {
    async fn start(semantic: &str) -> Self {
        let redis = Redis::start_with_vectors();
        let params = format!(", type: redis, url: '{}'", redis.url);
        let one = Scene::with(semantic, &params).await;
        let other = Gateway::start(&config(&one.provider, &one.vectors.url(), semantic, &params)).await;
        for gateway in [&one.gateway, &other] {
            let master = Person::of(gateway, MASTER);
            until(async || (master.see("/cache/stats").await["is_there"] == true).then_some(())).await;
        }
        Replicas { redis, one, other }
    }

    async fn ask_other(&self, key: &str, text: &str) -> Answer {
        Person::of(&self.other, key).send(&Front::Chat.call("demo", text, false)).await
    }

    /// The names of what Redis has that have this word in them.
    fn names(&self, word: &str) -> Vec<String> {
        let mut names = lines(&self.redis, &format!("KEYS *{word}*"));
        names.retain(|line| line.contains(word));
        names
    }

    /// How many questions Redis has of those that may be answered alike.
    fn known(&self) -> u64 {
        let count = |set: &String| Redis::tell(&self.redis, &format!("VCARD {set}"))[1..].trim().parse().ok();
        self.names(":vectors").first().map_or(0, |set| count(set).expect("it is a number"))
    }

    async fn until_known(&self, count: u64) {
        until(async || (self.known() == count).then_some(())).await;
    }
}

/// What Redis says, line by line.
fn lines(redis: &Server, command: &str) -> Vec<String> {
    Redis::tell(redis, command).lines().map(|line| line.trim().to_owned()).collect()
}

#[tokio::test]
async fn what_one_replica_learns_the_other_one_knows_at_once() {
    let replicas = Replicas::start("").await;
    assert_eq!(said(&replicas.ask_other(MASTER, "what is the capital of the moon").await), "miss");
    replicas.until_known(1).await;
    let first = replicas.one.ask(QUESTION).await;
    assert_eq!(said(&first), "miss");
    replicas.until_known(2).await;
    let again = replicas.ask_other(MASTER, AGAIN).await;
    assert_eq!((said(&again), again.text()), ("semantic", first.text()));
    assert_eq!(replicas.one.provider.requests().len(), 2);
    assert_eq!(replicas.names(":questions"), [""; 0], "no piece is written beside the set");
    let master = Person::of(&replicas.other, MASTER);
    assert_eq!(master.done("POST", "/cache/flushall", json!({})).await["status"], "success");
    assert_eq!(replicas.names("answers"), [""; 0]);
}

#[tokio::test]
async fn who_shares_no_answers_finds_no_questions() {
    let replicas = Replicas::start("").await;
    let key = replicas.one.key(json!({})).await;
    assert_eq!(said(&replicas.one.ask(QUESTION).await), "miss");
    replicas.until_known(1).await;
    let made = replicas.one.made();
    assert_eq!(said(&replicas.one.ask_as(&key, Front::Chat, "demo", AGAIN, false).await), "miss");
    until(async || (replicas.names(":vectors").len() == 2).then_some(())).await;
    assert_eq!(replicas.one.made(), made + 1, "its vector was made once, behind the answer");
}

#[tokio::test]
async fn a_question_whose_answer_is_gone_is_forgotten_there_too() {
    let replicas = Replicas::start("").await;
    assert_eq!(said(&replicas.one.ask(QUESTION).await), "miss");
    replicas.until_known(1).await;
    for name in replicas.names("answers").iter().filter(|name| !name.contains(":vectors")) {
        Redis::tell(&replicas.redis, &format!("DEL {name}"));
    }
    let mut body = Front::Chat.body("demo", AGAIN, false);
    body["cache"] = json!({ "no-store": true });
    assert_eq!(said(&Person::of(&replicas.other, MASTER).send(&Front::Chat.call_with(body)).await), "nothing");
    replicas.until_known(0).await;
}

#[tokio::test]
async fn there_are_no_more_of_them_than_there_is_room_for_and_none_outlives_the_answers() {
    let replicas = Replicas::start("max_entries: 3").await;
    for text in ["the red fox", "a blue whale", "some green frogs", "many grey geese", "that brown bear"] {
        assert_eq!(said(&replicas.one.ask(text).await), "miss", "{text}");
    }
    let set = until(async || replicas.names(":vectors").pop()).await;
    let about = format!("VINFO {set}");
    until(async || lines(&replicas.redis, &about).contains(&":5".to_owned()).then_some(())).await;
    assert_eq!(replicas.known(), 3, "five were added");
    let left: i64 = Redis::tell(&replicas.redis, &format!("TTL {set}"))[1..].trim().parse().expect("it is a number");
    assert!((1..=600).contains(&left), "{left}");
}

#[tokio::test]
async fn a_redis_that_freezes_delays_nobody_and_what_the_process_knows_is_found() {
    let replicas = Replicas::start("").await;
    let first = replicas.one.ask(QUESTION).await;
    replicas.one.until_known(1).await;
    replicas.redis.pause();
    // 20 ms for the first few calls, then nothing; the rest is what a busy machine takes.
    for nth in 0..10 {
        let begun = Instant::now();
        assert_eq!(said(&replicas.ask_other(MASTER, &format!("what is {nth}")).await), "miss");
        assert!(begun.elapsed() < Duration::from_millis(500), "{:?}", begun.elapsed());
    }
    let again = replicas.one.ask(AGAIN).await;
    assert_eq!((said(&again), again.text()), ("semantic", first.text()));
    replicas.redis.resume();
}
