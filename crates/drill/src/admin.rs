//! The mock's own pages: the requests it has received, how busy it is, and the knobs there are.

use crate::dialect::openai::OpenAi;
use crate::knobs::{Knobs, knobs};
use crate::problem::Problem;
use crate::server::{Conn, End, Gone, Head, Player, Shared};
use serde_json::{Value, json};

/// Answers a request for `/mock/{page}`.
pub(crate) async fn answer(shared: &Shared, conn: &mut Conn, head: &Head, page: &str, seq: u64) -> Result<End, Gone> {
    let body = match (head.method.as_str(), page) {
        ("GET", "requests") => requests(shared, head),
        ("DELETE", "requests") => {
            shared.clear();
            json!({ "cleared": true })
        }
        ("GET", "stats") => shared.stats.load().describe(),
        ("GET", "knobs") => {
            let one = |knob: &crate::KnobDoc| json!({ "name": knob.name, "kind": knob.kind, "doc": knob.doc });
            json!({ "knobs": knobs().iter().map(one).collect::<Vec<_>>() })
        }
        _ => Value::Null,
    };
    let none = Knobs::default();
    let mut player = Player::new(shared, conn, &OpenAi, &none, seq, head.closes());
    if body.is_null() {
        let text = "The mock's pages are GET /mock/requests, DELETE /mock/requests, GET /mock/stats, GET /mock/knobs.";
        return player.problem(&Problem { status: Some(404), ..Problem::refuse(text) }, "").await;
    }
    player.full(200, "application/json", body.to_string().as_bytes(), None).await
}

fn requests(shared: &Shared, head: &Head) -> Value {
    let model = head.query("model").map(crate::knobs::percent_decode);
    let wanted = |one: &crate::recorder::Recorded| model.as_ref().is_none_or(|model| one.model == *model);
    let all = shared.recorder.all();
    json!({ "requests": all.iter().filter(|one| wanted(one)).map(|one| one.describe()).collect::<Vec<_>>() })
}
