//! How insights put together what they tell.

use dbwright_catalog::{ChangePurpose, PlanChange, PlanChangeKind, PlanFinding, PlanTrial};

use crate::insight::Insight;

/// Said of a change until somebody has tried it.
const NOT_YET: &str = "nobody has tried it";

impl Insight {
    /// A finding of this insight, of its own severity.
    pub(crate) fn finding(&self, node: Option<usize>, message: String) -> PlanFinding {
        PlanFinding {
            insight: self.name.to_owned(),
            severity: self.severity,
            node,
            message,
            evidence: Vec::new(),
            advice: Vec::new(),
            change: None,
        }
    }
}

/// A change that can be tried.
pub(crate) fn change(kind: PlanChangeKind, purpose: ChangePurpose, sql: String, remarks: &[&str]) -> PlanChange {
    PlanChange {
        kind,
        purpose,
        sql,
        remarks: remarks.iter().map(|remark| (*remark).to_owned()).collect(),
        trial: PlanTrial::NotTried(NOT_YET.to_owned()),
    }
}
