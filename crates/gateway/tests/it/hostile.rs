//! Input that no honest client sends: each gets a clear refusal at once, in the form its front uses, and the process
//! serves the next call as if nothing had been.

mod bodies;
mod disguises;
mod heads;
mod sizes;

use std::time::Duration;

use crate::callers::{Front, Trouble};
use crate::client::{Answer, Call};
use crate::gateway::Gateway;

/// How soon a refusal comes.
const AT_ONCE: Duration = Duration::from_millis(100);
/// How often a call may miss that because the machine has other things to do.
const TRIES: usize = 3;

/// Makes a call that must be refused with `status` in the front's own form, at once.
async fn refused(gateway: &Gateway, front: Front, call: &Call, status: u16, what: &str) -> Trouble {
    let mut quickest = Duration::MAX;
    for _ in 0..TRIES {
        let answer = gateway.call(call).await;
        let trouble = refusal(front, &answer, what);
        assert_eq!(answer.status(), status, "{what}: {trouble:?}");
        quickest = quickest.min(answer.took);
        if quickest <= AT_ONCE {
            return trouble;
        }
    }
    panic!("{what}: refused after {quickest:?}");
}

/// The error in an answer that is one.
fn refusal(front: Front, answer: &Answer, what: &str) -> Trouble {
    let heard = front.hear(answer);
    heard.trouble.unwrap_or_else(|| panic!("{what}: not refused but answered: {}", answer.text()))
}

/// Whether an ordinary call to the group `demo` is answered.
async fn serves(gateway: &Gateway) {
    for front in Front::ALL {
        let answer = gateway.call(&front.call("demo", "are you well", true)).await;
        let heard = front.hear(&answer);
        assert_eq!(heard.text, "You said: are you well", "no longer serves: {}", answer.text());
    }
}
