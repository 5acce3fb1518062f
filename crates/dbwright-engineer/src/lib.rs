//! The use cases of dbwright, in plain data: what the command line calls, and later the web and MCP.
//!
//! Nothing here prints, and nothing here knows a wire format.

mod check;
mod detect;
mod error;
mod levels;
mod rules;
mod section;

pub use check::{CheckAnswer, CheckRequest, Input, Phase, Scope, check};
pub use dbwright_repo::{Candidate, Fact, FailOn, Overrides, Selection, parse_tool};
pub use detect::{DetectAnswer, detect};
pub use error::{EngineerError, ErrorKind};
pub use rules::{RuleLine, rule_page, rules};
