//! The search for a seat: at the deployment that `policy` picks, behind whoever waits already, and within bounds.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use types::{Fault, FaultKind, Operation, Side};

use crate::ask::Ask;
use crate::attempts::{Choice, Chosen, Field, Standing, no_deployment};
use crate::bells::Bells;
use crate::line::{Turn, Waited, refused};
use crate::nodes::{self, Denial};
use crate::pass::Pass;
use crate::seat::Seat;
use crate::sharing::PATIENCE;
use crate::{Deployment, Gate, Setup};

/// Tokens of an answer of which nothing is known.
const USUAL_ANSWER: u64 = 256;
/// How long a call waits for a node, loads included, unless somebody says otherwise.
const LONGEST_WAIT: Duration = Duration::from_secs(600);
/// Part of a prompt by which it may be longer than estimated: where answers have told how good estimates are, and where
/// not.
const DOUBT: u64 = 8;
const DOUBT_UNKNOWN: u64 = 2;

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
        // Deployments whose nodes refused the call, and what the first of them said.
        let (mut closed, mut refusal) = (Vec::new(), None);
        loop {
            match self.chosen(&closed).await {
                Ok(Chosen::Seat(index, seat)) => return Ok((index, seat)),
                Ok(Chosen::Node(index)) if closed.contains(&index) => {
                    return Err(
                        refusal.unwrap_or_else(|| no_deployment("No deployments available for selected model."))
                    );
                }
                Ok(Chosen::Node(index)) => match self.at_node(index, &mut closed).await {
                    Ok(seated) => return Ok(seated),
                    Err(fault) => _ = refusal.get_or_insert(fault),
                },
                Err(fault) => return Err(refusal.unwrap_or(fault)),
            }
        }
    }

    async fn chosen(&self, closed: &[usize]) -> Result<Chosen<Rc<Seat>>, Fault> {
        let lines = &self.field.group.lines;
        // Whoever has had a seat does not wait behind others again.
        if self.last.is_some() || lines.are_empty() {
            match self.choose(closed) {
                Err(Standing::Wait { .. }) => {}
                chosen => return chosen.map_err(Standing::into_fault),
            }
        }
        if self.last.is_some() {
            return self.wait(None, closed).await;
        }
        let (queueing, key) = (&self.setup.queueing, self.pass.queue_key());
        let joined = lines.join(&self.field.group, queueing.size, key, self.priority(), self.longest());
        let (turn, waited) = joined.map_err(|why| refused(&why, no_deployment("")))?;
        self.pass.waited.set(Some(waited));
        let began = Instant::now();
        let chosen = self.wait(Some(turn), closed).await;
        self.pass.waited.set(Some(Waited { ms: Some(began.elapsed().as_millis() as u64), ..waited }));
        chosen
    }

    /// The seat at the node that the fleet of deployment `index` chooses among those with the same model. Deployments
    /// whose nodes refuse the call are closed to it.
    async fn at_node(&self, index: usize, closed: &mut Vec<usize>) -> Seated {
        let Search { field, setup, pass, ask, .. } = self;
        let deployments = &field.group.deployments;
        let picked = &deployments[index];
        let Some((berth, engine)) = field.berth(index, ask).zip(picked.back.local_engine()) else {
            closed.push(index);
            return Err(no_deployment("the deployment has no node"));
        };
        let name = |deployment: &Deployment| engine.full_name(&deployment.upstream_model(field.star.as_deref()));
        let model = name(picked);
        let is_like = |other: &usize| {
            let (one, theirs) = (&deployments[*other], field.berth(*other, ask));
            let same_fleet = theirs.is_some_and(|theirs| Arc::ptr_eq(&theirs.fleet, &berth.fleet));
            same_fleet && one.member.order == picked.member.order && !closed.contains(other) && name(one) == model
        };
        let alike = (0..deployments.len()).filter(|other| *other == index || field.is_open(*other));
        let alike: Vec<usize> = alike.filter(is_like).collect();
        let nodes: Vec<(usize, Option<u32>)> = alike
            .iter()
            .filter_map(|index| deployments[*index].node.as_ref())
            .map(|berth| (berth.node, berth.most_ctx))
            .collect();
        let (habits, bound) = (picked.health.habits(), ask.output_bound());
        let writes = matches!(ask.operation, Operation::Chat | Operation::Completion);
        let prompt_tokens = habits.input(ask.input_estimate());
        let output_tokens = habits.output().or(bound).unwrap_or(USUAL_ANSWER);
        let longest = setup.queueing.timeout.unwrap_or(LONGEST_WAIT);
        let longest = ask.patience().map_or(longest, |patience| patience.min(longest));
        let wish = nodes::Wish {
            key: pass.queue_key(),
            priority: self.priority(),
            longest,
            model: &model,
            nodes: &nodes,
            prompt_tokens,
            doubt: prompt_tokens / if habits.is_known() { DOUBT } else { DOUBT_UNKNOWN },
            bound: writes.then_some(bound),
            output_tokens: if writes { bound.map_or(output_tokens, |bound| bound.min(output_tokens)) } else { 0 },
            asked: ask.num_ctx(),
            outgrown: field.outgrown,
        };
        let began = Instant::now();
        let placement = match berth.fleet.join(wish).await {
            Ok((waiting, waited)) => {
                pass.waited.set(Some(waited));
                let placement = waiting.started(began + longest).await;
                pass.waited.set(Some(Waited { ms: Some(began.elapsed().as_millis() as u64), ..waited }));
                placement
            }
            Err(Denial::NoNode) => Err(no_model(&model)),
            Err(Denial::TooLong(fault)) => Err(fault),
            Err(Denial::Refused(refusal)) => Err(refused(&refusal, no_deployment(""))),
        };
        let placement = placement.inspect_err(|_| closed.extend(&alike))?;
        let node = placement.started().map(|started| started.node);
        let here = |index: &&usize| deployments[**index].node.as_ref().map(|berth| berth.node) == node;
        let index = alike.iter().find(here).copied().unwrap_or(index);
        match field.seat_at(index, setup, pass, ask) {
            Ok(seat) => {
                seat.place(placement);
                Ok((index, seat))
            }
            Err(standing) => {
                closed.push(index);
                Err(standing.into_fault())
            }
        }
    }

    /// Lower numbers come first.
    fn priority(&self) -> i64 {
        self.ask.wishes.priority.unwrap_or(self.setup.queueing.priority)
    }

    /// Waits for a seat, and for its turn if it stands in a line.
    async fn wait(&self, turn: Option<Turn>, closed: &[usize]) -> Result<Chosen<Rc<Seat>>, Fault> {
        let began = Instant::now();
        // Heard as the next one, or as one of the others.
        let (mut bells, mut as_next) = (None::<Bells>, false);
        loop {
            let is_next = turn.as_ref().is_none_or(Turn::is_next);
            let standing = match is_next.then(|| self.choose(closed)) {
                None => {
                    Standing::Wait { elsewhere: false, fault: no_deployment("Its turn in the queue did not come.") }
                }
                Some(Err(standing @ Standing::Wait { .. })) => standing,
                Some(chosen) => {
                    // Whoever waits behind us may find a seat, too.
                    bells.inspect(Bells::pass_on);
                    turn.filter(|_| chosen.is_ok()).into_iter().for_each(Turn::served);
                    return chosen.map_err(Standing::into_fault);
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

    fn choose(&self, closed: &[usize]) -> Result<Chosen<Rc<Seat>>, Standing> {
        let Search { field, gate, setup, pass, ask, last } = *self;
        let choice = Choice { setup, pass, ask, last, closed, dice: gate.roll() };
        field.choose(&choice, |deployment, wish| Seat::take(deployment, pass, ask, wish))
    }

    /// The longest that the call waits for a seat.
    fn longest(&self) -> Duration {
        let longest = self.setup.queueing.timeout.unwrap_or(self.setup.spending.patience);
        self.ask.patience().map_or(longest, |patience| patience.min(longest))
    }
}

/// None of the nodes has the model: they were asked lately, so nothing is tried again.
fn no_model(model: &str) -> Fault {
    Fault::new(FaultKind::NotFound, Side::Gateway, format!("none of the nodes has the model {model}"))
}
