//! Models that are kept loaded though nobody waits for them (a preload): where nobody else misses the room.

use std::collections::BTreeMap;

use super::Model;
use super::line::Line;
use super::node::Node;
use super::plan::{Planner, Step};
use super::sketch::Sketch;

/// Adds to a complete plan the loads of kept models that are missing and may begin now.
pub(super) fn keep<K: Ord + Clone>(planner: &mut Planner, nodes: &[Node], lines: &BTreeMap<Model, Line<K>>) {
    let now_ms = planner.now_ms;
    for line in lines.values().filter(|line| line.terms.kept_on > 0) {
        let has = |sketch: &Sketch| sketch.residents.iter().any(|resident| resident.model == line.model);
        let places = planner.sketches.iter().filter(|sketch| has(sketch)).count();
        let mut missing = (line.terms.kept_on as usize).saturating_sub(places);
        for (node, sketch) in planner.sketches.iter_mut().enumerate() {
            let Some(most_ctx) = nodes[node].terms.models.get(&line.model) else { continue };
            if missing == 0 || sketch.loads_ms > now_ms || has(sketch) {
                continue;
            }
            let Some(unload) = room(sketch, line, lines, now_ms) else { continue };
            missing -= 1;
            let num_ctx = line.num_ctx().min(*most_ctx);
            planner.plan.steps.push(Step::Load { node, model: line.model, num_ctx, unload });
            sketch.loads_ms = u64::MAX;
        }
    }
}

/// What has to go for the model: nothing, or one that is idle, was not used for long and is not kept itself.
fn room<K: Ord + Clone>(
    sketch: &Sketch,
    line: &Line<K>,
    lines: &BTreeMap<Model, Line<K>>,
    now_ms: u64,
) -> Option<Vec<Model>> {
    let residents = &sketch.residents;
    let is_kept = |model: &Model| lines.get(model).is_some_and(|line| line.terms.kept_on > 0);
    let fits = |without: Option<Model>| {
        let stay = residents.iter().filter(|resident| Some(resident.model) != without);
        let vram_bytes = stay.clone().fold(line.vram_bytes, |sum, one| sum.saturating_add(one.vram_bytes));
        let count = stay.count();
        count < sketch.most_models && (count == 0 || vram_bytes <= sketch.vram_bytes)
    };
    let unused = residents.iter().filter(|one| one.unused_ms <= now_ms && one.drained_ms() <= now_ms);
    let mut unused = unused.map(|one| one.model).filter(|model| !is_kept(model));
    if fits(None) { Some(Vec::new()) } else { unused.find(|model| fits(Some(*model))).map(|model| vec![model]) }
}
