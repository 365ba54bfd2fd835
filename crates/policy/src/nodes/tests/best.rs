//! The best plan there is for a few jobs on nodes such as those of `world.rs`, by trying all assignments to nodes and all
//! orders on each, with full knowledge of speeds and of what runs. It does not let a node idle on purpose.

use super::super::Model;
use super::world::{Job, LOAD_MS};

/// A node at the beginning: what it has loaded, and when it is free.
pub type Start = (Option<Model>, u64);

/// The plan with the least sum of end times: that sum, and the first job of each node.
pub fn best(nodes: &[Start], jobs: &[Job]) -> (u64, Vec<Option<Job>>) {
    let mut kinds: Vec<(Job, usize)> = Vec::new();
    for job in jobs {
        match kinds.iter_mut().find(|(kind, _)| kind == job) {
            Some((_, count)) => *count += 1,
            None => kinds.push((*job, 1)),
        }
    }
    let firsts = vec![None; nodes.len()];
    let mut search = Search { nodes, kinds, firsts: firsts.clone(), best: (u64::MAX, firsts) };
    search.go_on(0, nodes[0], 0, jobs.len());
    search.best
}

struct Search<'a> {
    nodes: &'a [Start],
    /// Jobs that are alike, and how many of them are left.
    kinds: Vec<(Job, usize)>,
    firsts: Vec<Option<Job>>,
    best: (u64, Vec<Option<Job>>),
}

impl Search<'_> {
    /// Appends to the jobs of a node, which is in that state after those before, or goes on to the next node.
    fn go_on(&mut self, node: usize, (loaded, free_ms): Start, sum_ms: u64, left: usize) {
        if sum_ms >= self.best.0 {
            return;
        }
        if left == 0 {
            self.best = (sum_ms, self.firsts.clone());
            return;
        }
        for kind in 0..self.kinds.len() {
            let (job, count) = self.kinds[kind];
            if count == 0 {
                continue;
            }
            let load_ms = if loaded == Some(job.model) { 0 } else { LOAD_MS };
            let end_ms = free_ms.max(job.at_ms) + load_ms + job.service_ms();
            let is_first = self.firsts[node].is_none();
            self.firsts[node].get_or_insert(job);
            self.kinds[kind].1 -= 1;
            self.go_on(node, (Some(job.model), end_ms), sum_ms + end_ms, left - 1);
            self.kinds[kind].1 += 1;
            if is_first {
                self.firsts[node] = None;
            }
        }
        if node + 1 < self.nodes.len() {
            self.go_on(node + 1, self.nodes[node + 1], sum_ms, left);
        }
    }
}
