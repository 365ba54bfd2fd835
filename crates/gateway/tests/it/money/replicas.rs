//! Several replicas with one Postgres and one Redis: together they stay within every limit and budget, whatever becomes
//! of Redis and of each other.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::served;
use crate::backs::{Back, Config, mock};
use crate::client::{Answer, Call};
use crate::gateway::{Gateway, PATIENCE};
use crate::manage::{MASTER, Person};
use crate::servers::{Postgres, Redis, Server};

/// A tenth of a cent per call.
const PRICES: &str = "model_info: {input_cost_per_token: 0, output_cost_per_token: 0.0001}";

struct Team {
    provider: drill::mock::Mock,
    replicas: Vec<Gateway>,
    postgres: Server,
    redis: Server,
}

impl Team {
    async fn of(count: usize, knobs: &str) -> Self {
        let (postgres, redis) = (Postgres::start(), Redis::start());
        let mut team = Team { provider: mock(knobs).await, replicas: Vec::new(), postgres, redis };
        for _ in 0..count {
            team.join().await;
        }
        team
    }

    /// One more replica.
    async fn join(&mut self) {
        let config = self.config();
        self.replicas.push(Gateway::start_with(&config, &[], &self.environment()).await);
    }

    fn config(&self) -> String {
        let config = Config::default().model("demo", "openai/demo", &Back::OpenAi.base(&self.provider.url()), "");
        let config = config.yaml().replacen("litellm_params:", &format!("{PRICES}\n    litellm_params:"), 1);
        format!("{config}\ngeneral_settings: {{master_key: {MASTER}}}\n")
    }

    fn environment(&self) -> [(&str, &str); 2] {
        [("DATABASE_URL", &*self.postgres.url), ("REDIS_URL", &*self.redis.url)]
    }

    /// A key that all replicas know.
    async fn key(&self, fields: Value) -> String {
        let made = Person::of(&self.replicas[0], MASTER).done("POST", "/key/generate", fields).await;
        let key = made["key"].as_str().expect("a new key is shown").to_owned();
        for replica in &self.replicas {
            let known = timeout(PATIENCE, async {
                while replica
                    .call(&Call::get("/v1/models").header("authorization", format!("Bearer {key}")))
                    .await
                    .status()
                    != 200
                {
                    tokio::task::yield_now().await;
                }
            });
            known.await.expect("every replica knows it soon");
        }
        key
    }

    fn chat(key: &str, stream: bool) -> Call {
        let body = json!({ "model": "demo", "stream": stream, "messages": [{ "role": "user", "content": "hello" }] });
        Call::post("/v1/chat/completions", &body).header("authorization", format!("Bearer {key}"))
    }

    /// Many calls at once, of all replicas in turn.
    async fn at_once(&self, count: usize, call: &Call) -> Vec<Answer> {
        let mut calls = JoinSet::new();
        for number in 0..count {
            let (call, addr) = (call.clone(), self.replicas[number % self.replicas.len()].addr);
            calls.spawn(async move { call.send(addr).await });
        }
        calls.join_all().await
    }

    fn reached(&self) -> usize {
        self.provider.requests().len()
    }

    fn most_at_once(&self) -> usize {
        self.provider.stats().models.values().map(|model| model.max_in_flight).max().unwrap_or_default()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_per_minute_are_those_of_all_replicas_together() {
    let team = Team::of(2, "").await;
    let key = team.key(json!({ "rpm_limit": 100 })).await;
    let answers = team.at_once(300, &Team::chat(&key, false)).await;
    assert_eq!((served(&answers), team.reached()), (100, 100));
    let refused = answers.iter().find(|answer| answer.status() == 429).expect("the others are refused");
    let wait: u64 = refused.header("retry-after").expect("it says when").parse().unwrap();
    assert!((58..=62).contains(&wait), "{wait}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_replica_may_use_all_of_a_limit() {
    let team = Team::of(2, "").await;
    let key = team.key(json!({ "rpm_limit": 40 })).await;
    let call = Team::chat(&key, false);
    assert_eq!(team.replicas[1].call(&call).await.status(), 200);
    let mut served = 1;
    while team.replicas[0].call(&call).await.status() == 200 {
        served += 1;
    }
    assert_eq!((served, team.reached()), (40, 40));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_budget_is_that_of_all_replicas_together() {
    for stream in [false, true] {
        let team = Team::of(2, "chunks=10").await;
        let key = team.key(json!({ "max_budget": 0.01 })).await;
        let answers = team.at_once(200, &Team::chat(&key, stream)).await;
        let statuses: Vec<u16> = answers.iter().map(Answer::status).collect();
        assert_eq!((served(&answers), team.reached()), (10, 10), "{statuses:?}");
        for replica in &team.replicas {
            assert_eq!(replica.call(&Team::chat(&key, stream)).await.status(), 422);
        }
        let spent = timeout(PATIENCE, async {
            loop {
                let info =
                    Person::of(&team.replicas[1], MASTER).done("GET", &format!("/key/info?key={key}"), json!({})).await;
                if info["info"]["spend"] == json!(0.01) {
                    return;
                }
                tokio::task::yield_now().await;
            }
        });
        spent.await.expect("both know what was spent");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_at_a_time_are_those_of_all_replicas_together_and_every_slot_comes_back() {
    let team = Team::of(2, "chunks=3,chunk_ms=2").await;
    let key = team.key(json!({ "max_parallel_requests": 6 })).await;
    let mut callers = JoinSet::new();
    for caller in 0..24 {
        let (addr, key) = (team.replicas[caller % 2].addr, key.clone());
        callers.spawn(async move {
            for number in 0..60 {
                let call = Team::chat(&key, number % 2 == 0);
                match number % 3 {
                    0 => drop(call.send(addr).await),
                    _ => drop(timeout(Duration::from_millis(number % 11), call.send(addr)).await),
                }
            }
        });
    }
    callers.join_all().await;
    assert!(team.most_at_once() <= 6, "{} at a time", team.most_at_once());
    for replica in &team.replicas {
        let all = timeout(PATIENCE, async {
            loop {
                let mut calls = JoinSet::new();
                for _ in 0..6 {
                    let (call, addr) = (Team::chat(&key, false), replica.addr);
                    calls.spawn(async move { call.send(addr).await });
                }
                if served(&calls.join_all().await) == 6 {
                    return;
                }
            }
        });
        all.await.expect("one replica can have all of them");
    }
}

/// What answers cost, in thousandths of a cent.
fn cost(answers: &[Answer]) -> u64 {
    let cost = |answer: &Answer| answer.header("x-litellm-response-cost")?.parse::<f64>().ok();
    answers.iter().filter_map(cost).map(|cost| (cost * 1e5).round() as u64).sum()
}

/// What nine in ten calls did not take; puts the slowest last.
fn slow(took: &mut [Duration]) -> Duration {
    took.sort();
    took[took.len() * 9 / 10]
}

/// How long Redis stands still; `LOCKGATE_PAUSE_S` makes it longer.
fn pause() -> Duration {
    let seconds = std::env::var("LOCKGATE_PAUSE_S").ok().and_then(|seconds| seconds.parse().ok());
    Duration::from_secs(seconds.unwrap_or(3))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_redis_stands_still_nobody_waits_and_every_limit_holds() {
    let team = Team::of(2, "chunks=10").await;
    let limited = Team::chat(&team.key(json!({ "max_budget": 0.4 })).await, false);
    let free = Team::chat(&team.key(json!({ "rpm_limit": 100_000_000 })).await, false);
    // What nobody limits has nothing to do with Redis: as long as that takes, the machine takes.
    let unlimited = Team::chat(&team.key(json!({})).await, false);
    // Everybody has a share of both.
    let mut spent = cost(&team.at_once(40, &limited).await);
    assert_eq!((spent, served(&team.at_once(40, &free).await)), (40 * 100, 40));
    team.redis.pause();
    let began = Instant::now();
    let (mut took, mut took_without, mut on_their_share) = (Vec::new(), Vec::new(), 0);
    while began.elapsed() < pause() {
        let answers = team.at_once(4, &free).await;
        on_their_share += served(&answers);
        took.extend(answers.iter().map(|answer| answer.took));
        let answers = team.at_once(4, &limited).await;
        spent += cost(&answers);
        took.extend(answers.iter().map(|answer| answer.took));
        took_without.extend(team.at_once(4, &unlimited).await.iter().map(|answer| answer.took));
        // On a quick machine all of it can be spent meanwhile, and then that is what is said.
        let may_be = |status| matches!(status, 200 | 503) || status == 422 && spent == 40_000;
        let odd = answers.iter().find(|answer| !may_be(answer.status()));
        assert!(
            odd.is_none(),
            "after {:?}, {spent} spent: {}",
            began.elapsed(),
            odd.map(Answer::text).unwrap_or_default()
        );
    }
    team.redis.resume();
    assert!(on_their_share > 0, "everybody lives on what they have");
    let (slow, slow_without) = (slow(&mut took), slow(&mut took_without));
    assert!(slow < slow_without + Duration::from_millis(100), "{slow:?}, without limits {slow_without:?}");
    let slowest = took.last().expect("calls were made");
    assert!(*slowest < pause() / 2, "{slowest:?}: somebody waited until Redis went on");
    assert!(spent <= 40_000, "{spent}");
    // Shares move again: the whole budget can be used, and no more. What pays for a part of an answer buys that.
    let rest = timeout(PATIENCE, async {
        while spent < 40_000 {
            spent += cost(&team.at_once(4, &limited).await);
        }
        spent
    });
    assert_eq!(rest.await.expect("all of it can be used"), 40_000);
    let answers = team.at_once(20, &limited).await;
    assert!(answers.iter().all(|answer| answer.status() == 422), "now it is spent");
    assert_eq!(answers[0].json()["error"]["type"], "budget_exceeded");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_spent_its_share_while_redis_is_away_says_that_it_cannot_tell_and_not_that_the_budget_is_spent() {
    let team = Team::of(2, "chunks=10").await;
    let key = team.key(json!({ "max_budget": 0.05 })).await;
    let call = Team::chat(&key, false);
    assert_eq!(served(&team.at_once(4, &call).await), 4);
    // Time enough for both to have a share of what is left.
    sleep(Duration::from_secs(1)).await;
    team.redis.pause();
    let refused = timeout(PATIENCE, async {
        loop {
            let answer = team.replicas[0].call(&call).await;
            if answer.status() != 200 {
                return answer;
            }
        }
    });
    let refused = refused.await.expect("a share has an end");
    let said = (refused.status(), refused.header("retry-after"));
    assert_eq!(said, (503, Some("2")), "{}", refused.text());
    let error = &refused.json()["error"];
    assert_eq!(error["type"], "budget_unknown");
    assert!(error["message"].as_str().unwrap().contains("other replicas"), "{error}");
    let other = team.replicas[1].call(&call).await;
    assert_eq!(other.status(), 200, "it has a share: {}", other.text());
    team.redis.resume();
    let spent = timeout(PATIENCE, async {
        loop {
            let answer = team.replicas[0].call(&call).await;
            if answer.status() == 422 {
                return answer;
            }
        }
    });
    let spent = spent.await.expect("in the end it is spent");
    assert_eq!(spent.json()["error"]["type"], "budget_exceeded");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_dead_replica_had_comes_back() {
    // Long enough that none of its calls is over when it dies.
    let mut team = Team::of(2, "delay_ms=1000").await;
    let key = team.key(json!({ "max_parallel_requests": 4 })).await;
    let dying = team.replicas.remove(1);
    for _ in 0..4 {
        let (call, addr) = (Team::chat(&key, false), dying.addr);
        tokio::spawn(async move { timeout(PATIENCE, call.send(addr)).await.is_ok() });
    }
    let all = timeout(PATIENCE, async {
        while team.provider.stats().total < 4 {
            tokio::task::yield_now().await;
        }
    });
    all.await.expect("four calls reach the provider");
    drop(dying.kill().await);
    let call = Team::chat(&key, false);
    assert_eq!(served(&team.at_once(4, &call).await), 0, "nobody knows yet that it is dead");
    let all = timeout(Duration::from_secs(25), async {
        while served(&team.at_once(4, &call).await) < 4 {
            sleep(Duration::from_millis(100)).await;
        }
    });
    all.await.expect("ten seconds later it is not counted on any more");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_lost_everything_is_told_again() {
    let mut team = Team::of(2, "chunks=10").await;
    let key = team.key(json!({ "rpm_limit": 60 })).await;
    let call = Team::chat(&key, false);
    assert_eq!(served(&team.at_once(40, &call).await), 40);
    team.redis.stop();
    team.redis.restart();
    let rest = timeout(PATIENCE, async {
        let mut more = 0;
        while more < 20 {
            more += served(&team.at_once(4, &call).await);
            sleep(Duration::from_millis(20)).await;
        }
        more
    });
    assert_eq!(rest.await.expect("the rest can be used"), 20);
    assert_eq!(served(&team.at_once(20, &call).await), 0);
    assert_eq!(team.reached(), 60);
}

/// Calls until `count` of them went well.
async fn served_in_the_end(team: &Team, replica: usize, call: &Call, count: usize) {
    let all = timeout(PATIENCE, async {
        let mut served = 0;
        while served < count {
            served += usize::from(team.replicas[replica].call(call).await.status() == 200);
        }
    });
    all.await.unwrap_or_else(|_| panic!("{count} calls of replica {replica} can be paid"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_who_called_lately_goes_on_calling_while_redis_stands_still() {
    let team = Team::of(2, "chunks=10").await;
    let limits = [
        json!({ "max_parallel_requests": 4 }),
        json!({ "rpm_limit": 60 }),
        json!({ "tpm_limit": 10_000 }),
        json!({ "max_budget": 1 }),
    ];
    let mut calls = Vec::new();
    for limits in limits {
        let call = Team::chat(&team.key(limits.clone()).await, false);
        assert_eq!(served(&team.at_once(2, &call).await), 2, "{limits}");
        calls.push((limits, call));
    }
    // Time enough for shares to be topped up, at the leisure of a calm moment.
    sleep(Duration::from_secs(1)).await;
    team.redis.pause();
    for _ in 0..5 {
        for (limits, call) in &calls {
            for replica in &team.replicas {
                let answer = replica.call(call).await;
                assert_eq!(answer.status(), 200, "{limits}: {}", answer.text());
            }
        }
    }
    team.redis.resume();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_replica_held_is_free_as_soon_as_it_is_back_and_has_booked_it() {
    let mut team = Team::of(2, "chunks=10,delay_ms=700").await;
    let call = Team::chat(&team.key(json!({ "max_budget": 0.01 })).await, false);
    let dying = team.replicas.remove(1);
    // Nobody knows what it costs, so it holds all there is.
    let (addr, first) = (dying.addr, call.clone());
    tokio::spawn(async move { timeout(Duration::from_secs(5), first.send(addr)).await.is_ok() });
    drop(team.provider.wait_for(|_| true).await.expect("it is called"));
    let folder = dying.kill().await;
    let flags = ["--config", "config.yaml", "--host", "127.0.0.1"];
    let risen = Gateway::spawn(folder, &flags, &team.environment()).await;
    team.replicas.push(risen);
    served_in_the_end(&team, 0, &call, 10).await;
    assert_eq!(team.reached(), 11, "with the one that was cut off before it cost anything");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_ends_in_order_leaves_everything_to_the_others() {
    let mut team = Team::of(2, "chunks=10").await;
    let budget = Team::chat(&team.key(json!({ "max_budget": 0.01 })).await, false);
    let slots = Team::chat(&team.key(json!({ "max_parallel_requests": 4 })).await, false);
    let mut ending = team.replicas.remove(1);
    for call in [&budget, &slots] {
        assert_eq!(ending.call(call).await.status(), 200);
    }
    ending.signal("TERM").await;
    assert!(ending.ended(PATIENCE).await.success());
    assert_eq!(served(&team.at_once(4, &slots).await), 4, "at once");
    served_in_the_end(&team, 0, &budget, 9).await;
    assert_eq!(team.replicas[0].call(&budget).await.status(), 422);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_replica_is_told_about_a_key_holds_on_the_other_within_a_second() {
    let team = Team::of(2, "chunks=10").await;
    let key = team.key(json!({ "max_budget": 0.001 })).await;
    let (one, call) = (Person::of(&team.replicas[0], MASTER), Team::chat(&key, false));
    assert_eq!(team.replicas[1].call(&call).await.status(), 200);
    let becomes = async |status: u16| {
        let began = Instant::now();
        while team.replicas[1].call(&call).await.status() != status {
            assert!(began.elapsed() < PATIENCE, "it is not {status}");
        }
        began.elapsed()
    };
    becomes(422).await;
    let mut all = Vec::new();
    for (path, change, status) in [
        ("/key/update", json!({ "key": key, "max_budget": 1 }), 200),
        ("/key/update", json!({ "key": key, "models": ["another"] }), 403),
        ("/key/update", json!({ "key": key, "models": [] }), 200),
        ("/key/update", json!({ "key": key, "rpm_limit": 1 }), 429),
        ("/key/update", json!({ "key": key, "rpm_limit": null }), 200),
        ("/key/update", json!({ "key": key, "max_budget": 0.001 }), 422),
        ("/key/block", json!({ "key": key }), 401),
        ("/key/unblock", json!({ "key": key }), 422),
        ("/key/delete", json!({ "keys": [key] }), 401),
    ] {
        one.done("POST", path, change).await;
        all.push(becomes(status).await);
    }
    all.sort();
    // One or the other is slower where the machine is busy with other tests.
    assert!(all[all.len() / 2] < Duration::from_secs(1), "{all:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readiness_says_whether_redis_is_there_and_never_fails_because_of_it() {
    let mut team = Team::of(1, "").await;
    let ready = async |team: &Team, redis: &str| {
        let said = timeout(PATIENCE, async {
            loop {
                let answer = team.replicas[0].call(&Call::get("/health/readiness")).await;
                assert_eq!((answer.status(), &answer.json()["status"]), (200, &json!("healthy")));
                if answer.json()["redis"] == redis {
                    return answer.json()["db"].clone();
                }
            }
        });
        assert_eq!(said.await.unwrap_or_else(|_| panic!("Redis is not {redis}")), "connected");
    };
    ready(&team, "connected").await;
    team.redis.stop();
    ready(&team, "Not connected").await;
    team.redis.restart();
    ready(&team, "connected").await;
}
