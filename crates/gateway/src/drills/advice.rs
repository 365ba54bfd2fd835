//! What to change, from what drills found: one line for each group or deployment, not for each drill.

use std::collections::BTreeSet;
use std::time::Duration;

use types::Usd;

use super::report::Finding;

/// Longer than this nobody should wait for a provider that says nothing.
const PATIENCE: Duration = Duration::from_secs(60);
/// Later than this a deployment that is well should not be back.
const RETURN: Duration = Duration::from_secs(10);

/// The lines, in the order of the findings.
pub fn advice(findings: &[Finding]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let lines = findings.iter().flat_map(of_finding);
    lines.filter(|line| seen.insert(line.clone())).collect()
}

fn of_finding(finding: &Finding) -> Vec<String> {
    let Finding { model, deployment, siblings, .. } = finding;
    if finding.unwell {
        return vec![format!(
            "{model}: {deployment} gives no answer although nothing is broken; see `lockgate check`."
        )];
    }
    if finding.idle {
        return Vec::new();
    }
    let mut lines = Vec::new();
    if finding.lost > 0 {
        lines.push(match siblings {
            1 => format!(
                "{model}: calls are lost when {deployment} breaks: give the group a second deployment, or name a group \
                 that stands in for it in router_settings.fallbacks."
            ),
            _ => format!(
                "{model}: calls are lost when {deployment} breaks although the group has others: allow more attempts \
                 (num_retries, max_attempts), or name a group that stands in for it in router_settings.fallbacks."
            ),
        });
    }
    if finding.waits && finding.detected_after.is_some_and(|after| after > PATIENCE) {
        lines.push(format!(
            "{model}: a caller waits {} s before {deployment} is given up that says nothing: set timeout and \
             stream_timeout in its litellm_params.",
            finding.detected_after.unwrap_or_default().as_secs()
        ));
    }
    if !finding.passed_over && finding.recovered_after.is_none_or(|after| after > RETURN) {
        lines.push(format!(
            "{model}: {deployment} is long out of use when it is well again: set a shorter cooldown_time."
        ));
    }
    match (finding.priced, finding.extra_cost > Usd::ZERO) {
        (false, _) => lines.push(format!(
            "{model}: what a failover from {deployment} costs is not known: set input_cost_per_token and \
             output_cost_per_token of what has no price."
        )),
        (true, true) => lines.push(format!(
            "{model}: what stands in for {deployment} costs more: bound it by max_cost_per_request or a budget, or put \
             something cheaper first."
        )),
        (true, false) => {}
    }
    lines
}
