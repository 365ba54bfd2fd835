//! OpenAI's Realtime API: sessions over a WebSocket, and secrets for them. What is heard is said again, in text or in
//! sound; usage counts the words that were heard and the pieces that were said.

mod frame;

use super::conn::{Conn, Gone};
use super::play::{End, Next, Player};
use super::request::Head;
use super::{Shared, finish};
use crate::dialect::Dialect;
use crate::dialect::openai::OpenAi;
use crate::knobs::{Fault, Knobs, in_model, percent_decode};
use crate::problem::Problem;
use crate::script::words;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use frame::Said;
use serde_json::{Map, Value, json};

/// Bytes of a piece of sound: a tenth of a second, which is two tokens.
const PIECE: usize = 4_800;
const TOKENS_PER_PIECE: u64 = 2;
/// Bytes of sound that are heard as one token.
const HEARD: usize = 4_800;
/// What a secret of ours begins with.
const SECRET: &str = "ek_mock_";

/// What is wanted, if it is one of these.
pub(super) fn is_asked(head: &Head) -> bool {
    let path = head.path();
    path.ends_with("/realtime") || is_secret(path)
}

fn is_secret(path: &str) -> bool {
    ["client_secrets", "sessions", "transcription_sessions"]
        .iter()
        .any(|name| path.strip_suffix(name).is_some_and(|rest| rest.ends_with("/realtime/")))
}

/// Answers, and goes on until one side has had enough.
pub(super) async fn serve(shared: &Shared, conn: &mut Conn, head: &Head, body: &Bytes, seq: u64) -> Next {
    let named = head.query("model").or_else(|| head.query("deployment")).map(percent_decode);
    let asked: Value = serde_json::from_slice(body).unwrap_or_default();
    let named = named.or_else(|| {
        let inner = [&asked["session"]["model"], &asked["model"]];
        inner.into_iter().find_map(|name| name.as_str().map(str::to_owned))
    });
    let model = named.unwrap_or_default();
    let mut knobs = shared.knobs.clone();
    let wrong = in_model(&model).and_then(|own| knobs.apply(own).err()).map(Problem::refuse);
    shared.recorder.begin(seq, head, body, &model);
    let _flight = shared.stats.flight(&model);
    if let Some(first) = knobs.fail_first
        && shared.count(&model, head.path()) > first
    {
        knobs.heal();
    }
    let ended = match wrong.or_else(|| refusal(head, &knobs)) {
        Some(problem) => Player::new(shared, conn, &OpenAi, &knobs, seq, head.closes()).problem(&problem, &model).await,
        None if is_secret(head.path()) => {
            let answer = secret(head.path(), &asked, seq).to_string();
            let mut player = Player::new(shared, conn, &OpenAi, &knobs, seq, head.closes());
            player.full(200, "application/json", answer.as_bytes(), None).await
        }
        None => {
            let accept = frame::accept(head.header("sec-websocket-key").unwrap_or_default());
            let hello = format!(
                "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\
                 sec-websocket-accept: {accept}\r\n\r\n"
            );
            conn.outbox.extend_from_slice(hello.as_bytes());
            shared.recorder.answered(seq, 101);
            let beta = head.header("openai-beta").is_some_and(|value| value.contains("realtime=v1"));
            let session = json!({ "id": format!("sess_mock_{seq}"), "object": "realtime.session", "model": model });
            let mut stage =
                Stage { conn, knobs: &knobs, seq, beta, session, heard: String::new(), sound: 0, responses: 0 };
            stage.play().await
        }
    };
    finish(shared, seq, ended)
}

fn refusal(head: &Head, knobs: &Knobs) -> Option<Problem> {
    let given = OpenAi.key(head).or_else(|| head.header("api-key"));
    if let Some(wanted) = &knobs.key
        && given != Some(wanted.as_str())
        && !given.is_some_and(|given| given.starts_with(SECRET))
    {
        return Some(OpenAi.wrong_key(given));
    }
    if is_secret(head.path()) != (head.method == "POST") {
        return Some(Problem { status: Some(405), ..Problem::refuse("Not allowed.") });
    }
    let is_handshake = head.header("upgrade").is_some_and(|value| value.eq_ignore_ascii_case("websocket"))
        && head.header("sec-websocket-version") == Some("13");
    if head.method == "GET" && !is_handshake {
        return Some(Problem { status: Some(426), ..Problem::refuse("Upgrade required.") });
    }
    Problem::from_knobs(knobs)
}

fn secret(path: &str, asked: &Value, seq: u64) -> Value {
    let (value, until) = (format!("{SECRET}{seq}"), 4_102_444_800u64);
    let mut session = Map::new();
    session.insert("id".to_owned(), json!(format!("sess_mock_{seq}")));
    session.insert("object".to_owned(), json!("realtime.session"));
    let own = if path.ends_with("/client_secrets") { &asked["session"] } else { asked };
    session.extend(own.as_object().cloned().unwrap_or_default());
    if path.ends_with("/client_secrets") {
        return json!({ "value": value, "expires_at": until, "session": session });
    }
    session.insert("client_secret".to_owned(), json!({ "value": value, "expires_at": until }));
    Value::Object(session)
}

/// A session.
struct Stage<'a> {
    conn: &'a mut Conn,
    knobs: &'a Knobs,
    seq: u64,
    /// Whether the names of events are the older ones.
    beta: bool,
    session: Value,
    /// The last text that was heard, and bytes of sound that were heard.
    heard: String,
    sound: usize,
    responses: u64,
}

/// What becomes of the session.
type Going = Result<Option<End>, Gone>;

impl Stage<'_> {
    async fn play(&mut self) -> Result<End, Gone> {
        let created = json!({ "type": "session.created", "session": self.session });
        self.say(&created);
        self.conn.flush().await?;
        if self.knobs.fault == Some(Fault::Stall) && self.knobs.after == Some(0) {
            return self.hang().await;
        }
        loop {
            let said = loop {
                match frame::take(&mut self.conn.inbox) {
                    Ok(Some(said)) => break said,
                    Ok(None) => self.conn.fill().await.map_err(|_| Gone)?,
                    Err(why) => return self.close(1002, why).await,
                }
            };
            let ended = match said {
                Said::Text(text) => self.hear(&text).await?,
                Said::Ping(bytes) => {
                    frame::put(0x8a, &bytes, &mut self.conn.outbox);
                    None
                }
                Said::Pong => None,
                Said::Close(bytes) => {
                    frame::put(0x88, &bytes, &mut self.conn.outbox);
                    self.conn.flush().await?;
                    Some(ending(false))
                }
            };
            if let Some(end) = ended {
                return Ok(end);
            }
            self.conn.flush().await?;
        }
    }

    async fn hear(&mut self, text: &str) -> Going {
        let event: Value = match serde_json::from_str(text) {
            Ok(event) => event,
            Err(wrong) => {
                self.complain(&format!("That is no JSON: {wrong}"));
                return Ok(None);
            }
        };
        match event["type"].as_str().unwrap_or_default() {
            "session.update" => {
                if let (Some(session), Some(update)) = (self.session.as_object_mut(), event["session"].as_object()) {
                    session.extend(update.clone());
                }
                let updated = json!({ "type": "session.updated", "session": self.session });
                self.say(&updated);
            }
            "conversation.item.create" => {
                let texts = event["item"]["content"].as_array().into_iter().flatten();
                let texts: Vec<&str> = texts.filter_map(|part| part["text"].as_str()).collect();
                self.heard = texts.join(" ");
                let kind = if self.beta { "conversation.item.created" } else { "conversation.item.added" };
                let added = json!({ "type": kind, "item": event["item"], "previous_item_id": null });
                self.say(&added);
            }
            "input_audio_buffer.append" => match STANDARD.decode(event["audio"].as_str().unwrap_or_default()) {
                Ok(sound) => self.sound += sound.len(),
                Err(_) => self.complain("The audio is not base64."),
            },
            "input_audio_buffer.commit" => self.commit(),
            "response.create" => return self.respond(&event).await,
            "response.cancel" => {}
            other => self.complain(&format!("Invalid value: '{other}'.")),
        }
        Ok(None)
    }

    fn commit(&mut self) {
        let item = format!("item_mock_{}", self.sound);
        let committed = json!({ "type": "input_audio_buffer.committed", "item_id": item, "previous_item_id": null });
        self.say(&committed);
        let model = &self.session["audio"]["input"]["transcription"]["model"];
        let tokens = self.sound.div_ceil(HEARD) as u64;
        let usage = match model.as_str() {
            None => return,
            Some("whisper-1") => json!({ "type": "duration", "seconds": self.sound as f64 / 48_000.0 }),
            Some(_) => json!({ "type": "tokens", "total_tokens": tokens + 3, "input_tokens": tokens,
                "input_token_details": { "text_tokens": 0, "audio_tokens": tokens }, "output_tokens": 3 }),
        };
        let completed = json!({ "type": "conversation.item.input_audio_transcription.completed", "item_id": item,
            "content_index": 0, "transcript": "what was said", "usage": usage });
        self.say(&completed);
    }

    async fn respond(&mut self, event: &Value) -> Going {
        self.responses += 1;
        let id = format!("resp_mock_{}_{}", self.seq, self.responses);
        let modalities = [&event["response"]["output_modalities"], &self.session["output_modalities"]];
        let modalities = modalities.into_iter().find_map(Value::as_array);
        let speaks = modalities.is_none_or(|list| list.iter().any(|one| one == "audio"));
        let created = json!({ "type": "response.created", "response": {
            "id": id, "object": "realtime.response", "status": "in_progress", "output": [], "usage": null } });
        self.say(&created);
        let chunks = self.knobs.chunks.unwrap_or(2);
        for at in 0..chunks {
            if let Some(end) = self.strike(at).await? {
                return Ok(Some(end));
            }
            self.conn.pause(self.knobs.chunk_ms.unwrap_or(0)).await?;
            let text = format!("{at} {} ", self.heard);
            let (name, delta) = match speaks {
                true => ("audio", STANDARD.encode(vec![at as u8; PIECE])),
                false => ("text", text.clone()),
            };
            let name = if self.beta { name.to_owned() } else { format!("output_{name}") };
            let place = json!({ "response_id": id, "item_id": "item_mock", "output_index": 0, "content_index": 0 });
            self.delta(&name, &delta, &place);
            if speaks {
                self.delta(&format!("{name}_transcript"), &text, &place);
            }
        }
        if let Some(end) = self.strike(chunks).await? {
            return Ok(Some(end));
        }
        let (text, sound) = (words(&self.heard), self.sound.div_ceil(HEARD) as u64);
        let cached = self.knobs.cached.unwrap_or(0);
        let (said, spoken) = if speaks { (0, chunks * TOKENS_PER_PIECE) } else { (chunks, 0) };
        let usage = json!({
            "total_tokens": text + sound + cached + said + spoken, "input_tokens": text + sound + cached,
            "output_tokens": said + spoken,
            "input_token_details": { "text_tokens": text + cached, "audio_tokens": sound, "image_tokens": 0,
                "cached_tokens": cached, "cached_tokens_details": { "text_tokens": cached, "audio_tokens": 0 } },
            "output_token_details": { "text_tokens": said, "audio_tokens": spoken } });
        let usage = if self.knobs.on(self.knobs.no_usage) { Value::Null } else { usage };
        let done = json!({ "type": "response.done", "response": { "id": id, "object": "realtime.response",
            "status": "completed", "output": [], "usage": usage } });
        self.say(&done);
        match self.knobs.finish.as_deref().and_then(|code| code.parse().ok()) {
            Some(code) => self.close(code, "enough").await.map(Some),
            None => Ok(None),
        }
    }

    fn delta(&mut self, name: &str, delta: &str, place: &Value) {
        let mut event = json!({ "type": format!("response.{name}.delta"), "delta": delta });
        if let (Some(event), Some(place)) = (event.as_object_mut(), place.as_object()) {
            event.extend(place.clone());
        }
        self.say(&event);
    }

    /// What goes wrong behind so many pieces.
    async fn strike(&mut self, at: u64) -> Going {
        if at != self.knobs.after.unwrap_or(1) {
            return Ok(None);
        }
        match self.knobs.fault {
            Some(Fault::Stall) => self.hang().await.map(Some),
            Some(Fault::BadSse) => {
                frame::put(0x81, b"garbage", &mut self.conn.outbox);
                self.conn.flush().await?;
                Ok(None)
            }
            Some(_) => {
                self.conn.flush().await?;
                Ok(Some(ending(true)))
            }
            None => Ok(None),
        }
    }

    async fn hang(&mut self) -> Result<End, Gone> {
        self.conn.pause(600_000).await?;
        Ok(ending(true))
    }

    /// Says that it is over, and waits until that was heard.
    async fn close(&mut self, code: u16, reason: &str) -> Result<End, Gone> {
        frame::put(0x88, &[&code.to_be_bytes()[..], reason.as_bytes()].concat(), &mut self.conn.outbox);
        self.conn.flush().await?;
        loop {
            match frame::take(&mut self.conn.inbox) {
                Ok(Some(Said::Close(_))) | Err(_) => break,
                Ok(Some(_)) => {}
                Ok(None) if self.conn.fill().await.is_err() => break,
                Ok(None) => {}
            }
        }
        Ok(ending(false))
    }

    fn complain(&mut self, message: &str) {
        let error = json!({ "type": "error", "error": { "type": "invalid_request_error", "code": "invalid_value",
            "message": message, "param": null, "event_id": null } });
        self.say(&error);
    }

    fn say(&mut self, event: &Value) {
        let mut event = event.clone();
        event["event_id"] = json!(format!("event_mock_{}", self.seq));
        frame::put(0x81, event.to_string().as_bytes(), &mut self.conn.outbox);
    }
}

fn ending(faulted: bool) -> End {
    End { faulted, next: Next::Close }
}
