//! The fault table: what a caller sees, what a provider sees and how long it may take, for everything that can go
//! wrong on the way to a provider. Crossed with callers and providers of two dialects, streamed and whole; once for a
//! provider that stands alone, and once with a healthy group behind it.

mod table;

use std::sync::Arc;
use std::time::Duration;

use drill::fault::{Refusing, Trap};
use drill::mock::Mock;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::backs::{Back, Config, asked, mock};
use crate::callers::{Front, Heard, ensure};
use crate::client::Answer;
use crate::gateway::Gateway;
use table::{Cause, Row, Seen, TABLE, Told};

/// Calls at a time: enough to be done soon, few enough that each one's time means something.
const AT_ONCE: usize = 48;
/// What two busy cores may add to the time of any call.
const SLACK: Duration = Duration::from_millis(1500);
/// What the healthy group answers.
const RESCUED: &str = "saved by the other group";

/// One cell of the table: a row, met by one kind of call.
#[derive(Clone, Copy)]
struct Cell {
    row: &'static Row,
    back: Back,
    front: Front,
    stream: bool,
}

impl Cell {
    fn all() -> impl Iterator<Item = Cell> {
        let backs = |row: &'static Row| row.backs.iter().map(move |back| (row, *back));
        let fronts = |(row, back)| Front::ALL.into_iter().map(move |front| (row, back, front));
        TABLE
            .iter()
            .flat_map(backs)
            .flat_map(fronts)
            .flat_map(|(row, back, front)| [false, true].map(|stream| Cell { row, back, front, stream }))
    }

    fn group(&self) -> String {
        format!("{} {}", self.row.name, self.back.provider())
    }

    /// What it says, which nobody else says; long enough for answers that break in the middle.
    fn text(&self) -> String {
        let how = if self.stream { "stream" } else { "whole" };
        format!("of {} from {:?} as a {how} to {:?}", self.row.name, self.front, self.back)
    }

    fn seen(&self) -> Seen {
        if self.stream { self.row.stream } else { self.row.whole }
    }
}

/// What stands behind a row.
enum Stand {
    Mock(Mock),
    Refusing(Refusing),
    Garbage(Trap),
    Nowhere,
}

impl Stand {
    async fn of(cause: &Cause) -> Self {
        match cause {
            Cause::Knobs(knobs) => Stand::Mock(mock(knobs).await),
            Cause::Refused => Stand::Refusing(Refusing::start().expect("a port is free")),
            Cause::Tls => Stand::Garbage(Trap::garbage().await.expect("a port is free")),
            Cause::Dns => Stand::Nowhere,
        }
    }

    fn root(&self) -> String {
        match self {
            Stand::Mock(mock) => mock.url(),
            Stand::Refusing(refusing) => format!("http://{}", refusing.addr()),
            Stand::Garbage(trap) => format!("https://{}", trap.addr()),
            // Too long for any name server to be asked.
            Stand::Nowhere => format!("http://{}.invalid", "nowhere".repeat(10)),
        }
    }

    /// How often it was asked this, if it can count.
    fn asked(&self, text: &str) -> Option<usize> {
        match self {
            Stand::Mock(mock) => Some(asked(mock, text).len()),
            _ => None,
        }
    }
}

/// The gateway with a group for every row and back, and what stands behind them.
struct Stage {
    gateway: Gateway,
    stands: Vec<(&'static str, Stand)>,
    healthy: Mock,
}

impl Stage {
    async fn set(fallbacks: bool) -> Arc<Self> {
        let healthy = mock(&format!("text={}", RESCUED.replace(' ', "%20"))).await;
        let (mut config, mut stands, mut chains) = (Config::default(), Vec::new(), String::new());
        for row in TABLE {
            let stand = Stand::of(&row.cause).await;
            for back in row.backs {
                let cell = Cell { row, back: *back, front: Front::Chat, stream: false };
                // What a queue and loads add to it is not what is tried here.
                let alone = if *back == Back::Ollama { ", manage_node: false" } else { "" };
                let params = format!("{}{alone}", row.params);
                config = config.deployment(&cell.group(), *back, &stand.root(), params.trim_start_matches(", "));
                chains.push_str(&format!("    - \"{}\": [healthy]\n", cell.group()));
            }
            stands.push((row.name, stand));
        }
        let rest = match fallbacks {
            true => format!("router_settings:\n  num_retries: 0\n  disable_cooldowns: true\n  fallbacks:\n{chains}"),
            false => "router_settings:\n  num_retries: 1\n".to_owned(),
        };
        let gateway = Gateway::start(&config.openai("healthy", &healthy, "").and(&rest).yaml()).await;
        Arc::new(Stage { gateway, stands, healthy })
    }

    fn stand(&self, row: &Row) -> &Stand {
        let stand = self.stands.iter().find(|(name, _)| *name == row.name);
        &stand.expect("every row has its stand").1
    }
}

/// Plays every cell of the table, and says of all that went wrong what it was.
async fn play(stage: Arc<Stage>, judge: fn(&Stage, Cell, &Answer) -> Result<(), String>) {
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    let mut calls = JoinSet::new();
    for cell in Cell::all() {
        let (stage, turns) = (stage.clone(), turns.clone());
        calls.spawn(async move {
            let _turn = turns.acquire().await.expect("nobody closes it");
            let call = cell.front.call(&cell.group(), &cell.text(), cell.stream);
            let answer = stage.gateway.call(&call).await;
            let verdict = judge(&stage, cell, &answer);
            verdict.map_err(|wrong| format!("\n- {}: {wrong}\n    {}", cell.text(), summary(&answer)))
        });
    }
    let verdicts = calls.join_all().await;
    let played = verdicts.len();
    let mut wrong: Vec<String> = verdicts.into_iter().filter_map(Result::err).collect();
    wrong.sort();
    assert!(wrong.is_empty(), "{} of {played} cells:{}", wrong.len(), wrong.concat());
}

fn summary(answer: &Answer) -> String {
    let text = answer.text();
    let end = text.floor_char_boundary(600);
    format!("status {} after {:?}: {}", answer.status(), answer.took, text[..end].replace('\n', "\\n"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_is_told_in_the_callers_dialect_after_the_right_number_of_attempts_and_in_time() {
    play(Stage::set(false).await, |stage, cell, answer| {
        let stand = stage.stand(cell.row);
        let attempts = stand.asked(&cell.text()).unwrap_or_else(|| 1 + count(answer, "x-litellm-attempted-retries"));
        let expected = cell.seen().attempts();
        ensure(attempts == expected, || format!("{attempts} attempts, not {expected}"))?;
        judge_answer(&cell, cell.seen(), answer)?;
        let most = cell.row.within + SLACK;
        ensure(answer.took <= most, || format!("took {:?}, longer than {most:?}", answer.took))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_healthy_group_saves_the_call_unless_it_is_the_callers_fault_or_content_has_been_shown() {
    play(Stage::set(true).await, |stage, cell, answer| {
        let saved = asked(&stage.healthy, &cell.text()).len();
        if let Some(attempts) = stage.stand(cell.row).asked(&cell.text()) {
            ensure(attempts == 1, || format!("the first group was asked {attempts} times"))?;
        }
        match cell.seen() {
            Seen::Refusal(told, _) if !told.callers_fault => {
                ensure(saved == 1, || format!("the healthy group was asked {saved} times"))?;
                ensure(count(answer, "x-litellm-attempted-fallbacks") == 1, || "the fallback is not told".to_owned())?;
                judge_success(&cell.front.try_hear(answer)?, RESCUED)?;
            }
            seen => {
                ensure(saved == 0, || "the healthy group was asked".to_owned())?;
                judge_answer(&cell, seen, answer)?;
            }
        }
        let most = cell.row.within + SLACK;
        ensure(answer.took <= most, || format!("took {:?}, longer than {most:?}", answer.took))
    })
    .await;
}

/// Whether the caller sees what the table says.
fn judge_answer(cell: &Cell, seen: Seen, answer: &Answer) -> Result<(), String> {
    let heard = cell.front.try_hear(answer)?;
    match seen {
        Seen::Answer => judge_success(&heard, &format!("You said: {}", cell.text())),
        Seen::Refusal(told, _) => {
            let status = told.status(cell.front);
            ensure(answer.status() == status, || format!("status {}, not {status}", answer.status()))?;
            let wait = answer.header("retry-after");
            ensure(wait == cell.row.retry_after, || format!("retry-after {wait:?}, not {:?}", cell.row.retry_after))?;
            judge_trouble(cell, told, &heard)
        }
        Seen::Break(told) => {
            ensure(answer.status() == 200, || "the stream had begun".to_owned())?;
            ensure(answer.complete, || "the body is cut off instead of ended".to_owned())?;
            ensure(!heard.text.is_empty(), || "what came before the break is missing".to_owned())?;
            ensure(!heard.over && heard.finish.is_none(), || "the break looks like success".to_owned())?;
            judge_trouble(cell, told, &heard)
        }
    }
}

fn judge_success(heard: &Heard, text: &str) -> Result<(), String> {
    ensure(heard.is_success(), || format!("no success: {heard:?}"))?;
    ensure(heard.text == text, || format!("the answer is {:?}, not {text:?}", heard.text))
}

fn judge_trouble(cell: &Cell, told: Told, heard: &Heard) -> Result<(), String> {
    let trouble = heard.trouble.as_ref().ok_or("there is no error")?;
    let kind = told.kind(cell.front);
    ensure(trouble.kind == kind, || format!("error type {:?}, not {kind:?}", trouble.kind))?;
    let code = told.code.filter(|_| cell.front == Front::Chat);
    ensure(code.is_none_or(|code| trouble.code == code), || format!("error code {:?}, not {code:?}", trouble.code))?;
    let (said, part) = (trouble.message.to_lowercase(), told.says.unwrap_or_default());
    ensure(said.contains(part) || cell.front != Front::Messages, || format!("{said:?} does not say {part:?}"))?;
    let raw = ["<html", "{garbage", "\"choices\""].iter().find(|raw| said.contains(**raw));
    ensure(raw.is_none(), || format!("the provider's raw bytes are in the message: {said:?}"))
}

fn count(answer: &Answer, header: &str) -> usize {
    answer.header(header).and_then(|value| value.parse().ok()).unwrap_or_default()
}
