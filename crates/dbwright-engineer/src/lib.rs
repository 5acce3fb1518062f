//! The use cases of dbwright, in plain data: what the command line calls, and later the web and MCP.
//!
//! Nothing here prints, and nothing here knows a wire format.

mod cache;
mod capture;
mod check;
mod detect;
mod engines;
mod error;
mod explain;
mod fix_files;
mod late;
mod levels;
mod prediction;
mod production;
mod release;
mod rules;
mod schema;
mod section;
mod twin;
mod values;
mod ways_back;

pub use cache::{CACHE_BYTES_MAX, CacheContents, CacheEntry, CacheEntryKind, cache_contents, clear_cache};
pub use capture::{CaptureRequest, capture};
pub use check::{CheckAnswer, CheckRequest, Input, Phase, Scope, check};
pub use dbwright_ddl::PlanOptions;
pub use dbwright_live::connect::ReadLimits;
pub use dbwright_live::install::Progress as InstallProgress;
pub use dbwright_live::scratch::BinDirs;
pub use dbwright_repo::{Candidate, Fact, FailOn, Overrides, Selection, parse_tool};
pub use detect::{DetectAnswer, detect};
pub use engines::{
    AvailableEngines, EngineList, EngineOffer, InstallAnswer, InstalledEngine, engine_offer, install_engine,
    list_engines, remove_engine,
};
pub use error::{EngineerError, ErrorKind};
pub use explain::{ExplainOn, ExplainRequest, QueryText, explain, queries_in};
pub use fix_files::{WrittenFixes, fix_changes, write_fixes};
pub use rules::{RuleHelp, RuleLine, rule_help, rule_names, rule_page, rules};
pub use schema::{
    Answer, BaselineEntry, DiffRequest, DriftRequest, Incomplete, LintAnswer, LintRequest, NewMigration,
    NewMigrationRequest, Passwords, PlanRequest, RenameRequest, SchemaError, SchemaPhase, SchemaSetUp, ShowRequest,
    diff as schema_diff, drift as schema_drift, entries as baseline_entries, lint as schema_lint, new_migration,
    plan as schema_plan, show as schema_show,
};
pub use twin::{Fidelity, HypotheticalIndex, Twin, TwinSetUp, add_index, build_twin};
