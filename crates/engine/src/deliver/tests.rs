use std::time::Duration;

use serde_json::json;
use store::Status;

use crate::rig::{Act, Rig, counted, cut_stream, deployment, finish, piece, stream, text};
use crate::{Deployment, Spending};

fn rig(deployment: Deployment, script: crate::rig::Script) -> Rig {
    Rig::new(Spending::default(), deployment, [script])
}

/// What becomes of two answers in one stream: whether the caller is told of an error, and how it is booked.
async fn two_answers(script: crate::rig::Script) -> (bool, Status) {
    let rig = rig(deployment("one"), script);
    let text = text(rig.ask(json!({"stream": true, "n": 2})).await).await;
    let status = rig.entries.borrow()[0].status;
    (text.contains("\"error\""), status)
}

#[tokio::test(start_paused = true)]
async fn the_end_of_one_of_several_answers_is_not_the_end_of_all() {
    let begun = vec![piece(0, "lorem"), piece(1, "lorem"), finish(0)];
    let then = |first, rest: Vec<_>| [vec![first], begun.clone(), rest].concat();
    assert_eq!(two_answers(then(cut_stream(), vec![])).await, (true, Status::Failure), "cut off");
    let silence = Act::Wait(Duration::from_secs(1_000));
    assert_eq!(two_answers(then(cut_stream(), vec![silence])).await, (true, Status::Failure), "silent");
    assert_eq!(two_answers(then(stream(), vec![])).await, (false, Status::Success), "nobody says that it is not over");
    assert_eq!(two_answers(then(stream(), vec![finish(1), counted(5, 2)])).await, (false, Status::Success));
    assert_eq!(two_answers(then(cut_stream(), vec![finish(1), counted(5, 2)])).await, (false, Status::Success));
}

#[tokio::test(start_paused = true)]
async fn one_answer_that_ended_is_complete_whatever_becomes_of_the_connection() {
    let rig = rig(deployment("one"), vec![cut_stream(), piece(0, "lorem"), finish(0)]);
    let text = text(rig.ask(json!({"stream": true})).await).await;
    assert!(text.contains("lorem") && !text.contains("\"error\""), "{text}");
    assert_eq!(rig.entries.borrow()[0].status, Status::Success);
}
