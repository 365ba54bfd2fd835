//! The account of shares that replicas keep in Redis: the script itself, in a real one.

use std::time::Instant;

use engine::Dice;
use store::coordination::{Answer, Balance, Balanced, Claim, Coordination, GRACE_BEATS, Kind, Link, Round, Site};

use crate::gateway::PATIENCE;
use crate::servers::{Redis, SERVICE, Server};

/// How much there is of everything here.
const CAPACITY: u64 = 100;

/// One replica and what it knows.
struct Replica {
    id: String,
    link: Link,
    epoch: String,
}

impl Replica {
    async fn join(server: &Server, id: &str) -> Self {
        Self::join_at(&Site::Server(server.url.clone()), id).await
    }

    /// Joins the others as soon as somebody keeps the account.
    async fn join_at(site: &Site, id: &str) -> Self {
        let coordination = Coordination::new(site).expect("they are addresses");
        let begun = Instant::now();
        let link = loop {
            match coordination.connect(id).await {
                Ok(link) => break link,
                Err(why) => assert!(begun.elapsed() < PATIENCE, "nobody keeps the account: {why}"),
            }
            tokio::task::yield_now().await;
        };
        let mut replica = Replica { id: id.to_owned(), link, epoch: String::new() };
        replica.epoch = replica.say(true, &[]).await.epoch;
        replica
    }

    async fn balance(&mut self, beat: bool, claims: &[Claim]) -> Balance {
        let round = Round { beat, epoch: &self.epoch, fresh: &self.id, claims };
        self.link.balance(&round).await.expect("the server answers")
    }

    async fn say(&mut self, beat: bool, claims: &[Claim]) -> Balanced {
        match self.balance(beat, claims).await {
            Balance::Balanced(balanced) => balanced,
            Balance::Buried => panic!("{} lives", self.id),
        }
    }

    async fn claim(&mut self, claim: Claim) -> Answer {
        self.say(false, &[claim]).await.answers[0]
    }

    /// Beats until shares can grow.
    async fn settle(&mut self) {
        for beat in 2..GRACE_BEATS {
            assert!(!self.say(true, &[]).await.settled, "after {beat} beats others may still have something to tell");
        }
        assert!(self.say(true, &[]).await.settled);
    }
}

fn claim(kind: Kind, have: u64, used: u64, want: u64) -> Claim {
    Claim { pool: "of all".to_owned(), kind, capacity: CAPACITY, have, used, need: used, want, frees_in_ms: None }
}

/// A Redis with two replicas in which shares can grow.
async fn pair() -> (Server, Replica, Replica) {
    let server = Redis::start();
    let mut one = Replica::join(&server, "one").await;
    one.settle().await;
    let two = Replica::join(&server, "two").await;
    (server, one, two)
}

#[tokio::test]
async fn shares_grow_into_what_nobody_has_and_no_share_that_was_told_is_taken_away() {
    let (_server, mut one, mut two) = pair().await;
    assert_eq!(one.claim(claim(Kind::Parallel, 0, 0, 70)).await.share, 70);
    let answer = two.claim(claim(Kind::Parallel, 0, 0, 70)).await;
    assert_eq!((answer.share, answer.others, answer.others_used), (30, 70, 0));
    let answer = one.claim(claim(Kind::Parallel, 10, 10, 10)).await;
    assert_eq!((answer.share, answer.others), (10, 30));
    assert_eq!(two.claim(claim(Kind::Parallel, 30, 20, 200)).await.share, 90);
    // More is used than there is: that is how it is, and nobody else gets any.
    assert_eq!(two.claim(claim(Kind::Parallel, 90, 120, 120)).await.share, 120);
    assert_eq!(one.claim(claim(Kind::Parallel, 10, 0, 50)).await.share, 10);
}

#[tokio::test]
async fn who_waits_for_more_is_heard_and_gets_what_others_do_not_need() {
    let (_server, mut one, mut two) = pair().await;
    one.claim(claim(Kind::Minute, 0, 40, 100)).await;
    let hungry = Claim { need: 20, ..claim(Kind::Minute, 0, 0, 20) };
    assert_eq!(two.claim(hungry.clone()).await.share, 0);
    let ask = one.link.hear().await;
    assert_eq!((&*ask.replica, &*ask.pool), ("two", "of all"));
    let answer = one.claim(claim(Kind::Minute, 40, 40, 100)).await;
    assert_eq!((answer.share, answer.contested), (40, true), "nobody grows beyond need while others wait");
    assert_eq!(two.claim(hungry).await.share, 20);
    assert!(!one.claim(claim(Kind::Minute, 40, 40, 40)).await.contested);
}

#[tokio::test]
async fn the_dead_leave_their_slots_at_once_and_what_they_may_have_spent_when_it_is_booked() {
    let (server, mut one, mut two) = pair().await;
    let money = |sum, upto| Kind::Money { sum, upto };
    let all = |kind| [claim(kind, 0, 30, 60)];
    for (pool, kind) in [("slots", Kind::Parallel), ("requests", Kind::Minute), ("money", money(0, 1))] {
        two.say(true, &all(kind).map(|claim| Claim { pool: pool.to_owned(), ..claim })).await;
    }
    let beats = one.say(true, &[]).await.replicas.into_iter().find(|(id, _)| id == "two").unwrap().1;
    assert!(one.link.is_there("two").await.unwrap());
    drop(two);
    while one.link.is_there("two").await.unwrap() {
        tokio::task::yield_now().await;
    }
    one.link.bury("two", beats + 1).await.unwrap();
    let share = async |one: &mut Replica, pool: &str, kind| {
        one.claim(Claim { pool: pool.to_owned(), ..claim(kind, 0, 0, 100) }).await.share
    };
    assert_eq!(share(&mut one, "slots", Kind::Parallel).await, 40, "it has moved since, so it lives");
    one.link.bury("two", beats).await.unwrap();
    assert_eq!(share(&mut one, "slots", Kind::Parallel).await, 100);
    assert_eq!(share(&mut one, "requests", Kind::Minute).await, 40, "within the minute they still count");
    assert_eq!(share(&mut one, "money", money(0, 1)).await, 40);
    one.link.part_with("two", Some(7)).await.unwrap();
    assert_eq!(share(&mut one, "money", money(0, 6)).await, 40, "what was booked is not known yet");
    assert_eq!(share(&mut one, "money", money(25, 7)).await, 100);
    // Whoever reads older sums does not get what is booked in the newer ones.
    let mut three = Replica::join(&server, "three").await;
    assert_eq!(one.claim(Claim { pool: "money".to_owned(), ..claim(money(25, 7), 0, 0, 0) }).await.share, 0);
    assert_eq!(share(&mut three, "money", money(0, 5)).await, 75);
}

#[tokio::test]
async fn who_was_taken_for_dead_learns_it_and_who_is_forgotten_tells_again() {
    let (mut server, mut one, mut two) = pair().await;
    two.claim(claim(Kind::Parallel, 0, 0, 60)).await;
    one.link.part_with("two", None).await.unwrap();
    assert_eq!(two.balance(false, &[claim(Kind::Parallel, 60, 60, 60)]).await, Balance::Buried);
    two.epoch.clear();
    two.epoch = two.say(false, &[]).await.epoch;
    assert_eq!(two.claim(claim(Kind::Parallel, 0, 60, 60)).await.share, 60);

    server.stop();
    server.restart();
    let mut one = Replica::join(&server, "one").await;
    assert_eq!(one.claim(claim(Kind::Parallel, 30, 0, 100)).await.share, 30, "others may have something to tell");
    let mut two = Replica::join(&server, "two").await;
    assert_eq!(two.epoch, one.epoch);
    assert_eq!(two.claim(claim(Kind::Parallel, 60, 60, 60)).await.share, 60);
    one.settle().await;
    assert_eq!(one.claim(claim(Kind::Parallel, 30, 0, 100)).await.share, 40);
}

#[tokio::test]
async fn whatever_replicas_say_and_whichever_answers_are_lost_they_never_have_more_than_there_is() {
    let (server, one, two) = pair().await;
    let mut replicas = [one, two, Replica::join(&server, "three").await];
    let (mut shares, mut used) = ([0u64; 3], [0u64; 3]);
    for seed in 0..20 {
        let mut dice = Dice::new(seed);
        let mut below = |most: u64| (dice.unit() * most as f64) as u64;
        for _ in 0..200 {
            let who = below(3) as usize;
            match below(4) {
                0 => used[who] = (used[who] + below(10)).min(shares[who]),
                1 => used[who] -= below(used[who] + 1),
                _ => {
                    let need = used[who] + below(3) * below(60);
                    let want = need.max(used[who] + below(80));
                    // What is not wanted is not used any more, whether that is heard or not.
                    shares[who] = shares[who].min(want);
                    let claim = Claim { need, ..claim(Kind::Parallel, shares[who], used[who], want) };
                    let answer = replicas[who].claim(claim).await;
                    if below(5) > 0 {
                        shares[who] = answer.share;
                    }
                }
            }
            assert!(shares.iter().sum::<u64>() <= CAPACITY, "seed {seed}: {shares:?}");
            assert!(used.iter().zip(&shares).all(|(used, share)| used <= share), "seed {seed}");
        }
    }
}

/// Waits until a server says something.
fn until(server: &Server, command: &str, said: &str) {
    let begun = Instant::now();
    while !Redis::tell(server, command).contains(said) {
        assert!(begun.elapsed() < PATIENCE, "{command} never says {said}: {}", Redis::tell(server, command));
        std::thread::yield_now();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_cluster_the_account_is_where_its_slot_is_and_is_begun_anew_where_the_slot_goes() {
    let (first, second) = (Redis::start_node(), Redis::start_node());
    assert!(Redis::tell(&first, "CLUSTER ADDSLOTSRANGE 0 16383").starts_with("+OK"));
    let bus = |server: &Server| {
        let nodes = Redis::tell(server, "CLUSTER NODES");
        let (_, rest) = nodes.split_once('@').expect("it names its ports");
        rest.split([',', ' ']).next().expect("there is something").to_owned()
    };
    let meet = format!("CLUSTER MEET {} {} {}", first.addr.ip(), first.addr.port(), bus(&first));
    assert!(Redis::tell(&second, &meet).starts_with("+OK"));
    [&first, &second].into_iter().for_each(|node| until(node, "CLUSTER INFO", "cluster_known_nodes:2"));
    [&first, &second].into_iter().for_each(|node| until(node, "CLUSTER INFO", "cluster_state:ok"));

    // A node that has nothing of it says who has; one that is gone is passed over.
    let gone = "redis://127.0.0.77:1".to_owned();
    let site = Site::Cluster(vec![gone, second.url.clone()]);
    let mut one = Replica::join_at(&site, "one").await;
    one.settle().await;
    let mut two = Replica::join_at(&Site::Cluster(vec![first.url.clone()]), "two").await;
    assert_eq!(one.claim(claim(Kind::Minute, 0, 60, 60)).await.share, 60);
    assert_eq!(two.claim(claim(Kind::Minute, 0, 0, 100)).await.share, 40);
    assert!(one.link.is_there("two").await.expect("it answers"), "they meet at one node");

    let slot = Redis::tell(&first, "CLUSTER KEYSLOT lockgate:{shares}");
    let slot = slot.trim().trim_start_matches(':').to_owned();
    let id = Redis::tell(&second, "CLUSTER MYID").lines().nth(1).expect("it has one").to_owned();
    // A node keeps a slot for as long as it has keys of it.
    assert!(Redis::tell(&first, "FLUSHALL").starts_with("+OK"));
    for node in [&second, &first] {
        assert!(Redis::tell(node, &format!("CLUSTER SETSLOT {slot} NODE {id}")).starts_with("+OK"));
    }
    let round = Round { beat: true, epoch: &one.epoch, fresh: "one", claims: &[] };
    assert!(one.link.balance(&round).await.is_err(), "the node that had the slot does not keep the account any more");
    let mut three = Replica::join_at(&site, "three").await;
    assert_eq!(three.epoch, "three", "it has begun a new account");
    assert!(!three.say(true, &[]).await.settled, "nobody's share grows before all have told what they have");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sentinels_say_who_is_the_master_and_a_new_master_begins_a_new_account() {
    let mut master = Redis::start();
    let copy = Redis::start_copy(&master);
    until(&copy, "INFO replication", "master_link_status:up");
    let sentinel = Redis::start_sentinel(&master);
    let site = Site::Sentinel {
        sentinels: vec!["redis://127.0.0.77:1".to_owned(), sentinel.url.clone()],
        service: SERVICE.to_owned(),
        login: "redis://master".to_owned(),
    };
    let mut one = Replica::join_at(&site, "one").await;
    one.settle().await;
    let two = Replica::join(&master, "two").await;
    assert_eq!(one.epoch, two.epoch, "both are at the master");
    // Not before the sentinel knows of the copy can it be the next master.
    until(&sentinel, &format!("SENTINEL REPLICAS {SERVICE}"), &copy.addr.port().to_string());
    until(&copy, "EXISTS lockgate:{shares}", ":1");

    tokio::task::block_in_place(|| master.stop());
    let mut three = Replica::join_at(&site, "three").await;
    assert!(Redis::tell(&copy, "ROLE").contains("master"));
    // What the copy has may be older than what replicas were told.
    assert_eq!(three.epoch, "three", "it has begun a new account");
    assert!(!three.say(true, &[]).await.settled);
    let nobody = Site::Sentinel {
        sentinels: vec![sentinel.url.clone()],
        service: "nobody".to_owned(),
        login: "redis://master".to_owned(),
    };
    let why = Coordination::new(&nobody).expect("they are addresses").connect("one").await.err();
    assert!(why.expect("there is no such master").to_string().contains("knows no master nobody"));
}
