//! The providers of the storm: they answer over connections in memory, well or badly, as the seed decides.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use providers::http::{Endpoint, Network};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf, duplex, split};
use tokio::time::sleep;

use super::chance::Chance;
use super::witness::{Request, Witness};
use super::world::World;

/// All providers.
pub struct Providers {
    pub world: Arc<World>,
    pub witness: Arc<Witness>,
}

/// How an answer ends.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Well,
    /// With this status, before it began.
    Refusal(u16),
    /// The connection breaks behind so many pieces.
    Cut(usize),
    /// An error is told behind so many pieces.
    Error(usize),
    /// Nothing comes any more behind so many pieces.
    Silence(usize),
}

/// How a request is answered.
#[derive(Debug)]
struct Conduct {
    delay: Duration,
    /// Tokens of each piece, and the pause before it.
    pieces: Vec<(Duration, u64)>,
    end: End,
    /// What it says that it counted.
    said: (Option<u64>, Option<u64>),
    /// How long it takes to notice that nobody listens.
    deafness: Duration,
}

/// A request that was read.
struct Asked {
    call: usize,
    body: Value,
    length: u64,
    embeds: bool,
}

impl Network for Providers {
    fn connect(&self, endpoint: &Endpoint) -> Pin<Box<dyn Future<Output = io::Result<DuplexStream>>>> {
        let host = usize::from(endpoint.port - 1);
        let (world, witness) = (self.world.clone(), self.witness.clone());
        Box::pin(async move {
            let count = witness.lock().requests.len() as u64;
            let mut chance = Chance::new(world.seed, 1_000 + count);
            let temper = world.hosts[host].temper;
            sleep(Duration::from_millis(chance.below(temper.slowness / 10 + 1))).await;
            if chance.percent(temper.faults / 5) {
                return Err(io::ErrorKind::ConnectionRefused.into());
            }
            let capacity = chance.pick(&[256, 4 << 10, 64 << 10]);
            let (ours, theirs) = duplex(capacity);
            tokio::spawn(Server { host, capacity: capacity as u64, world, witness }.serve(theirs));
            Ok(ours)
        })
    }
}

/// The other end of a connection.
struct Server {
    host: usize,
    /// Bytes that can be under way.
    capacity: u64,
    world: Arc<World>,
    witness: Arc<Witness>,
}

impl Server {
    async fn serve(self, stream: DuplexStream) {
        let (mut reader, mut writer) = split(stream);
        while let Some(asked) = read(&mut reader).await {
            let plan = &self.world.calls[asked.call];
            let answers = asked.body["n"].as_u64().unwrap_or(1);
            let bound = ["max_completion_tokens", "max_tokens"].iter().find_map(|name| asked.body[name].as_u64());
            let bound = bound.map(|bound| bound * answers);
            let stream = asked.body["stream"] == true;
            let number = {
                let (call, host, capacity) = (asked.call, self.host, self.capacity);
                let subjects = self.world.subjects(plan);
                let request = Request { call, host, bound, stream, capacity, subjects, ..Request::default() };
                self.witness.lock().asked(request, plan)
            };
            let conduct = self.conduct(number, &asked, bound);
            self.witness.note(&format!("it will be {conduct:?}"));
            let kept = tokio::select! {
                biased;
                () = hung_up(&mut reader) => {
                    sleep(conduct.deafness).await;
                    false
                }
                kept = self.answer(&mut writer, number, &asked, &conduct) => kept,
            };
            self.witness.lock().left(number);
            if !kept {
                return;
            }
        }
    }

    /// What the seed decides about an answer.
    fn conduct(&self, number: usize, asked: &Asked, bound: Option<u64>) -> Conduct {
        let mut chance = Chance::new(self.world.seed, 5_000_000 + number as u64);
        let temper = self.world.hosts[self.host].temper;
        let pause = |chance: &mut Chance| Duration::from_millis(chance.below(temper.slowness + 1));
        let mut tokens = if asked.embeds { 0 } else { chance.magnitude(1, 800) };
        let overruns = chance.percent(temper.overruns);
        match bound {
            Some(bound) if !overruns => tokens = tokens.min(bound),
            Some(bound) => tokens = tokens.max(bound + 1 + chance.below(bound)),
            None => {}
        }
        let mut pieces = Vec::new();
        let mut left = tokens;
        while left > 0 {
            let piece = chance.within(1, 40).max(tokens / 30).min(left);
            pieces.push((pause(&mut chance), piece));
            left -= piece;
        }
        let place = chance.below(pieces.len() as u64 + 1) as usize;
        let end = match chance.percent(temper.faults) {
            false => End::Well,
            true => match chance.below(6) {
                0 => End::Refusal(chance.pick(&[429, 500, 503, 400])),
                1 => End::Error(place),
                2 => End::Silence(place),
                _ => End::Cut(place),
            },
        };
        // A token is four bytes of English; what the gateway takes for one is a bit less.
        let mut said = (Some(asked.length / 5), Some(tokens));
        if chance.percent(temper.miscounts) {
            let times = chance.pick(&[2, 10]);
            said = match chance.below(5) {
                0 => (None, None),
                1 => (said.0, Some(tokens * times)),
                2 => (said.0.map(|input| input * times), said.1),
                3 => (said.0, Some(tokens / times)),
                _ => (None, Some(tokens)),
            };
        }
        let deafness = Duration::from_millis(chance.below(temper.deafness + 1));
        Conduct { delay: pause(&mut chance), pieces, end, said, deafness }
    }

    /// Answers; whether the connection can be used again.
    async fn answer(&self, out: &mut WriteHalf<DuplexStream>, number: usize, asked: &Asked, conduct: &Conduct) -> bool {
        sleep(conduct.delay).await;
        let stream = asked.body["stream"] == true;
        let answered = match conduct.end {
            End::Refusal(status) => {
                self.witness.lock().left(number);
                let body = r#"{"error":{"message":"no","type":"x","code":null}}"#;
                return write(out, &whole(status, body)).await;
            }
            _ if stream => self.answer_stream(out, number, asked, conduct).await,
            _ => self.answer_whole(out, number, asked, conduct).await,
        };
        if let (Ok(false), End::Silence(_)) = (&answered, conduct.end) {
            std::future::pending::<()>().await;
        }
        answered.unwrap_or(false)
    }

    /// It is done, all but for telling so.
    fn done(&self, number: usize, conduct: &Conduct) {
        let mut seen = self.witness.lock();
        seen.requests[number].said = conduct.said;
        seen.requests[number].answered = true;
        seen.left(number);
    }

    async fn answer_whole(
        &self,
        out: &mut WriteHalf<DuplexStream>,
        number: usize,
        asked: &Asked,
        conduct: &Conduct,
    ) -> io::Result<bool> {
        for (pause, _) in &conduct.pieces {
            sleep(*pause / 10).await;
        }
        let text = "abc ".repeat(conduct.pieces.iter().map(|(_, tokens)| *tokens as usize).sum());
        let mut body = match asked.embeds {
            true => serde_json::json!({"object": "list", "model": "m", "data": [
                {"object": "embedding", "index": 0, "embedding": [0.5]}]}),
            false => {
                serde_json::json!({"id": "x", "object": "chat.completion", "created": 1, "model": "m", "choices": [
                {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}]})
            }
        };
        if let Some(usage) = usage(conduct.said) {
            body["usage"] = usage;
        }
        let bytes = whole(200, &body.to_string());
        match conduct.end {
            End::Well => self.done(number, conduct),
            _ => {
                let half = bytes.len() / 2;
                write(out, &bytes[..half]).await;
                return Ok(false);
            }
        }
        Ok(write(out, &bytes).await)
    }

    async fn answer_stream(
        &self,
        out: &mut WriteHalf<DuplexStream>,
        number: usize,
        asked: &Asked,
        conduct: &Conduct,
    ) -> io::Result<bool> {
        let head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
        out.write_all(head).await?;
        let answers = asked.body["n"].as_u64().unwrap_or(1) as usize;
        for (at, (pause, tokens)) in conduct.pieces.iter().enumerate() {
            match conduct.end {
                End::Cut(place) | End::Silence(place) if place == at => return Ok(false),
                End::Error(place) if place == at => {
                    event(out, r#"{"error":{"message":"broken","type":"server_error","code":500}}"#).await?;
                    return Ok(false);
                }
                _ => {}
            }
            sleep(*pause).await;
            let text = "abc ".repeat(*tokens as usize);
            {
                let request = &mut self.witness.lock().requests[number];
                request.written += text.len() as u64;
                request.longest = request.longest.max(text.len() as u64);
            }
            let delta = serde_json::json!({"content": text});
            event(out, &chunk(at % answers, delta, Value::Null)).await?;
        }
        if conduct.end != End::Well {
            return Ok(false);
        }
        for index in 0..answers {
            event(out, &chunk(index, serde_json::json!({}), "stop".into())).await?;
        }
        self.done(number, conduct);
        if let Some(usage) = usage(conduct.said) {
            event(out, &serde_json::json!({"id": "x", "choices": [], "usage": usage}).to_string()).await?;
        }
        event(out, "[DONE]").await?;
        out.write_all(b"0\r\n\r\n").await?;
        Ok(true)
    }
}

fn chunk(index: usize, delta: Value, finish: Value) -> String {
    let choice = serde_json::json!({"index": index, "delta": delta, "finish_reason": finish});
    serde_json::json!({"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]})
        .to_string()
}

fn usage((input, output): (Option<u64>, Option<u64>)) -> Option<Value> {
    let mut usage = serde_json::Map::new();
    input.map(|input| usage.insert("prompt_tokens".to_owned(), input.into()));
    output.map(|output| usage.insert("completion_tokens".to_owned(), output.into()));
    (!usage.is_empty()).then_some(Value::Object(usage))
}

fn whole(status: u16, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status} x\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len())
        .into_bytes()
}

async fn write(out: &mut WriteHalf<DuplexStream>, bytes: &[u8]) -> bool {
    out.write_all(bytes).await.is_ok()
}

async fn event(out: &mut WriteHalf<DuplexStream>, data: &str) -> io::Result<()> {
    let event = format!("data: {data}\n\n");
    out.write_all(format!("{:x}\r\n{event}\r\n", event.len()).as_bytes()).await
}

/// Waits until nobody listens any more.
async fn hung_up(reader: &mut ReadHalf<DuplexStream>) {
    while reader.read(&mut [0; 64]).await.is_ok_and(|count| count > 0) {}
}

/// Reads a request.
async fn read(reader: &mut ReadHalf<DuplexStream>) -> Option<Asked> {
    let mut bytes = Vec::new();
    let (head, length) = loop {
        let mut piece = [0; 4096];
        let count = reader.read(&mut piece).await.ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&piece[..count]);
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.and_then(|length| length.parse().ok()).expect("a length");
        if bytes.len() >= end + 4 + length {
            break (head, length);
        }
    };
    let text = String::from_utf8_lossy(&bytes[bytes.len() - length..]).into_owned();
    let call = text.split("call-").nth(1).expect("the storm names its calls");
    let digits = call.bytes().take_while(u8::is_ascii_digit).count();
    Some(Asked {
        call: call[..digits].parse().expect("a number"),
        body: serde_json::from_str(&text).expect("a request is JSON"),
        length: length as u64,
        embeds: head.contains("/embeddings"),
    })
}
