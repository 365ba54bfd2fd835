//! Whether these servers are what tests may take them for: real, fresh, as frozen or dead as they are told to be, and
//! gone afterwards.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::postgres::{program, query};
use super::{Postgres, Redis, Server};
use crate::gateway::PATIENCE;

/// What a client says, and what it hears.
type Exchange = (&'static [u8], &'static [u8]);

/// How long nothing must come from a server that is paused.
const SILENCE: Duration = Duration::from_millis(200);
/// What a client may say first: to Postgres "may we encrypt?", to Redis "are you there?".
const GREETINGS: [Exchange; 2] = [(b"\x00\x00\x00\x08\x04\xd2\x16\x2f", b"N"), (b"PING\r\n", b"+PONG\r\n")];
/// Postgres's answer when a user is named: how the password is to be proven.
const LOGIN: Exchange = (b"\x00\x00\x00\x17\x00\x03\x00\x00user\x00lockgate\x00\x00", b"R");

/// Both, with how to greet them.
fn both() -> [(Server, Exchange); 2] {
    [(Postgres::start(), GREETINGS[0]), (Redis::start(), GREETINGS[1])]
}

fn connect(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(server.addr).expect("the server listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout can be set");
    stream
}

fn say(stream: &mut TcpStream, words: &[u8]) {
    stream.write_all(words).expect("it can be sent");
}

/// Waits until the other side has said this.
fn hear(stream: &mut TcpStream, words: &[u8]) {
    let mut heard = vec![0; words.len()];
    stream.read_exact(&mut heard).expect("the server answers");
    assert_eq!(heard, words);
}

#[test]
fn both_answer_where_they_say() {
    for (server, (asked, answered)) in both() {
        let mut stream = connect(&server);
        say(&mut stream, asked);
        hear(&mut stream, answered);
    }
}

#[test]
fn each_postgres_holds_what_was_put_into_it_and_nothing_else() {
    let (one, other) = (Postgres::start(), Postgres::start());
    query(&one, "create table notes as select 'ä' as text");
    assert_eq!(query(&one, "select text from notes"), "ä");
    assert_eq!(query(&other, "select count(*) from pg_tables where schemaname = 'public'"), "0");
}

#[test]
fn postgres_asks_for_the_password() {
    let server = Postgres::start();
    let mut psql = program("psql", &std::env::temp_dir());
    let done = psql.args([&server.url.replace(":lockgate@", ":wrong@"), "-c", "select 1"]).output();
    let done = done.expect("psql is there");
    assert!(!done.status.success() && String::from_utf8_lossy(&done.stderr).contains("password"));
}

#[test]
fn postgres_writes_through_only_when_told_to() {
    assert_eq!(query(&Postgres::start(), "show fsync"), "off");
    assert_eq!(query(&Postgres::start_with(&["fsync=on"]), "show fsync"), "on");
}

#[test]
fn redis_takes_flags() {
    let server = Redis::start_with(&["--requirepass", "secret"]);
    let mut stream = connect(&server);
    say(&mut stream, b"PING\r\n");
    hear(&mut stream, b"-NOAUTH");
}

#[test]
fn a_paused_server_is_silent_on_old_and_new_connections_until_it_is_resumed() {
    for (server, greeting) in both() {
        let mut old = connect(&server);
        say(&mut old, greeting.0);
        hear(&mut old, greeting.1);
        server.pause();
        let mut new = connect(&server);
        // Postgres serves a connection from a process of its own, so there the old one goes on where it was.
        let next = if greeting == GREETINGS[0] { LOGIN } else { greeting };
        for (stream, words) in [(&mut old, next), (&mut new, greeting)] {
            say(stream, words.0);
            stream.set_read_timeout(Some(SILENCE)).expect("a timeout can be set");
            // Unlike `read`, this goes on when a signal has interrupted it.
            let nothing = stream.read_exact(&mut [0]).expect_err("a paused server says nothing");
            assert!(matches!(nothing.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{nothing}");
            stream.set_read_timeout(Some(PATIENCE)).expect("a timeout can be set");
        }
        server.resume();
        hear(&mut old, next.1);
        hear(&mut new, greeting.1);
    }
}

#[test]
fn a_stopped_server_breaks_its_connections_refuses_new_ones_and_comes_back_where_it_was() {
    for (mut server, (asked, answered)) in both() {
        let mut old = connect(&server);
        say(&mut old, asked);
        hear(&mut old, answered);
        server.stop();
        // What comes, if anything comes, is a farewell.
        let mut rest = Vec::new();
        let _ = old.read_to_end(&mut rest);
        let refused = TcpStream::connect(server.addr).expect_err("nobody listens");
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
        server.restart();
        let mut new = connect(&server);
        say(&mut new, asked);
        hear(&mut new, answered);
    }
}

#[test]
fn postgres_still_knows_after_a_crash_what_it_was_told_before() {
    let mut server = Postgres::start();
    query(&server, "create table notes as select 1 as number");
    server.stop();
    server.restart();
    assert_eq!(query(&server, "select number from notes"), "1");
}

#[test]
fn nothing_is_left_of_a_server_that_is_dropped_running_paused_or_stopped() {
    for what in ["running", "paused", "stopped"] {
        for (mut server, _) in both() {
            let (held, processes, folder) = (connect(&server), server.processes(), server.folder().to_owned());
            assert!(!processes.is_empty() && folder.exists());
            match what {
                "paused" => server.pause(),
                "stopped" => server.stop(),
                _ => {}
            }
            drop(server);
            assert!(!folder.exists(), "{what}: the folder is left");
            for process in processes {
                assert!(!process.is_there(), "{what}: a process is left");
            }
            drop(held);
        }
    }
}
