//! The search for a seat: at the deployment that `policy` picks, behind whoever waits already, and within bounds.

use std::rc::Rc;
use std::time::Duration;

use tokio::time::Instant;
use types::Fault;

use crate::ask::Ask;
use crate::attempts::{Field, Standing, no_deployment};
use crate::bells::Bells;
use crate::line::{Turn, Waited, refused};
use crate::pass::Pass;
use crate::seat::Seat;
use crate::sharing::PATIENCE;
use crate::{Gate, Setup};

/// A call that looks for a seat.
pub(crate) struct Search<'a> {
    pub field: &'a Field,
    pub gate: &'a Gate,
    pub setup: &'a Setup,
    pub pass: &'a Rc<Pass>,
    pub ask: &'a Ask,
    /// Where it was before.
    pub last: Option<usize>,
}

/// What came of it: the deployment's place in its group, and the seat there.
type Seated = Result<(usize, Rc<Seat>), Fault>;

impl Search<'_> {
    /// The next deployment, and the call's seat there. Waits within bounds for a seat when all of them are taken.
    pub async fn seat(&self) -> Seated {
        let lines = &self.field.group.lines;
        // Whoever has had a seat does not wait behind others again.
        if self.last.is_some() || lines.are_empty() {
            match self.choose() {
                Err(Standing::Wait { .. }) => {}
                seated => return seated.map_err(Standing::into_fault),
            }
        }
        if self.last.is_some() {
            return self.wait(None).await;
        }
        let (queueing, key) = (&self.setup.queueing, self.pass.queue_key());
        let priority = self.ask.wishes.priority.unwrap_or(queueing.priority);
        let joined = lines.join(&self.field.group, queueing.size, key, priority, self.longest());
        let (turn, waited) = joined.map_err(|why| refused(&why, no_deployment("")))?;
        self.pass.waited.set(Some(waited));
        let began = Instant::now();
        let seated = self.wait(Some(turn)).await;
        self.pass.waited.set(Some(Waited { ms: Some(began.elapsed().as_millis() as u64), ..waited }));
        seated
    }

    /// Waits for a seat, and for its turn if it stands in a line.
    async fn wait(&self, turn: Option<Turn>) -> Seated {
        let began = Instant::now();
        // Heard as the next one, or as one of the others.
        let (mut bells, mut as_next) = (None::<Bells>, false);
        loop {
            let is_next = turn.as_ref().is_none_or(Turn::is_next);
            let standing = match is_next.then(|| self.choose()) {
                None => {
                    Standing::Wait { elsewhere: false, fault: no_deployment("Its turn in the queue did not come.") }
                }
                Some(Err(standing @ Standing::Wait { .. })) => standing,
                Some(seated) => {
                    // Whoever waits behind us may find a seat, too.
                    bells.inspect(Bells::pass_on);
                    turn.filter(|_| seated.is_ok()).into_iter().for_each(Turn::served);
                    return seated.map_err(Standing::into_fault);
                }
            };
            let is_elsewhere = matches!(standing, Standing::Wait { elsewhere: true, .. });
            let longest = if is_elsewhere { PATIENCE } else { self.longest() };
            // Listening before looking again: nobody who leaves in between is missed.
            if let Some(bells) = bells.as_mut().filter(|_| as_next == is_next)
                && !bells.ring(began + longest).await
            {
                bells.pass_on();
                let (fault, expected_ms) = (standing.into_fault(), turn.as_ref().and_then(Turn::expected_ms));
                let retry_after = expected_ms.map(Duration::from_millis).or(fault.retry_after);
                return Err(Fault { retry_after: retry_after.or(Some(Duration::from_secs(1))), ..fault });
            }
            (bells, as_next) = (Some(self.bells(is_next, turn.as_ref())), is_next);
        }
    }

    /// What tells that there may be a seat: only whose turn it is listens to more than that.
    fn bells(&self, is_next: bool, turn: Option<&Turn>) -> Bells {
        let (pass, deployments) = (self.pass, self.field.group.deployments.iter().filter(|_| is_next));
        let meters = deployments.flat_map(|deployment| deployment.accounts(&pass.meters));
        let vacated = meters.map(|account| account.meter.vacated.clone());
        let moved = pass.meters.sharing().filter(|_| is_next).map(|sharing| sharing.moved.clone());
        Bells::listen(vacated.chain(moved).chain(turn.map(Turn::bell)))
    }

    fn choose(&self) -> Result<(usize, Rc<Seat>), Standing> {
        let Search { field, gate, setup, pass, ask, last } = self;
        field.choose(setup, pass, ask, *last, gate.roll())
    }

    /// The longest that the call waits for a seat.
    fn longest(&self) -> Duration {
        let longest = self.setup.queueing.timeout.unwrap_or(self.setup.spending.patience);
        self.ask.patience().map_or(longest, |patience| patience.min(longest))
    }
}
